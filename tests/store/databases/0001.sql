BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR NOT NULL, 
	due_at DATETIME NOT NULL, 
	leased_until DATETIME, 
	fence BIGINT NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('main','2026-11-21 21:39:11.019188',NULL,14);
INSERT INTO "accounts" VALUES('xt','2026-11-21 21:39:11.019382',NULL,14);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alerts (
	rule VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	bad_reads INTEGER NOT NULL, 
	since DATETIME, 
	counted_at DATETIME, 
	amount TEXT, 
	at_least BOOLEAN NOT NULL, 
	alert TEXT, 
	CONSTRAINT pk_alerts PRIMARY KEY (rule, subject, asset)
);
INSERT INTO "alerts" VALUES('funding','main/funding','USDT',1,'2026-11-21 21:38:51.029027','2026-11-21 21:38:51.029027','320.5',0,'{"incident":"9959A8","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T21:38:51.029027Z","note":"The grid bot needs 500","at_least":false}');
INSERT INTO "alerts" VALUES('desks','main/sub:desk1','USDT',1,'2026-11-21 21:39:00.028210','2026-11-21 21:39:00.028210','40.25',0,'{"incident":"D0239E","rule":"desks","subject":"main/sub:desk1","asset":"USDT","part":"total","comparison":"<","limit":"100","clear":"105.00","severity":"warning","since":"2026-11-21T21:39:00.028210Z","note":"","at_least":false}');
INSERT INTO "alerts" VALUES('spot','xt/spot','USDT',1,'2026-11-21 21:39:06.066351','2026-11-21 21:39:06.066351','12.5',0,'{"incident":"05E381","rule":"spot","subject":"xt/spot","asset":"USDT","part":"total","comparison":"<","limit":"1000","clear":"1050.00","severity":"critical","since":"2026-11-21T21:39:06.066351Z","note":"","at_least":false}');
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	total TEXT, 
	available TEXT, 
	held TEXT, 
	CONSTRAINT pk_changes PRIMARY KEY (id)
);
INSERT INTO "changes" VALUES(1,'main/funding','ETH','2026-11-21 21:38:34.265515','37.11827078','37.11827078','0');
INSERT INTO "changes" VALUES(2,'main/funding','USDT','2026-11-21 21:38:34.265515','2000.50','2000.50','0');
INSERT INTO "changes" VALUES(3,'main/eth-staking','BETH','2026-11-21 21:38:34.377938','0.63926191',NULL,NULL);
INSERT INTO "changes" VALUES(4,'main/sub:desk1','USDT','2026-11-21 21:38:34.378127','12345.678901234567890123','12345.678901234567890123','0');
INSERT INTO "changes" VALUES(5,'xt/spot','USDT','2026-11-21 21:38:34.704909','6929.61087353','3867.43650012','3062.17437341');
INSERT INTO "changes" VALUES(6,'main/funding','USDT','2026-11-21 21:38:51.029027','320.5','320.5','0');
INSERT INTO "changes" VALUES(7,'main/sub:desk1','USDT','2026-11-21 21:39:00.028210','40.25','40.25','0');
INSERT INTO "changes" VALUES(8,'main/sub:desk1/trading','USDT','2026-11-21 21:39:00.028278','40.25','40.25','0');
INSERT INTO "changes" VALUES(9,'xt/spot','USDT','2026-11-21 21:39:06.066351','12.5','12.5','0');
CREATE TABLE chats (
	chat_id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME, 
	gone TEXT, 
	former_id BIGINT, 
	CONSTRAINT pk_chats PRIMARY KEY (chat_id)
);
INSERT INTO "chats" VALUES(-4001,'','2026-11-21 21:38:32.901140',NULL,NULL,NULL);
INSERT INTO "chats" VALUES(1001,'You','2026-11-21 21:38:38.794829',NULL,NULL,NULL);
CREATE TABLE digests (
	chat_id BIGINT NOT NULL, 
	local_date DATE NOT NULL, 
	due_at DATETIME NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (chat_id, local_date)
);
INSERT INTO "digests" VALUES(-4001,'2026-11-21','2026-11-21 21:39:00.000000');
INSERT INTO "digests" VALUES(1001,'2026-11-21','2026-11-21 21:39:00.000000');
CREATE TABLE inbox (
	update_id BIGINT NOT NULL, 
	raw TEXT NOT NULL, 
	received_at DATETIME NOT NULL, 
	handled_at DATETIME, 
	CONSTRAINT pk_inbox PRIMARY KEY (update_id)
);
INSERT INTO "inbox" VALUES(500000001,'{"update_id": 500000001, "my_chat_member": {"chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "date": 1795297109, "old_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "left"}, "new_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "member"}}}','2026-11-21 21:38:36.540905','2026-11-21 21:38:36.716330');
INSERT INTO "inbox" VALUES(500000002,'{"update_id": 500000002, "message": {"message_id": 1, "date": 1795297116, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:37.383615','2026-11-21 21:38:39.771191');
INSERT INTO "inbox" VALUES(500000003,'{"update_id": 500000003, "message": {"message_id": 2, "date": 1795297117, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:38.987300','2026-11-21 21:38:40.391382');
INSERT INTO "inbox" VALUES(500000004,'{"update_id": 500000004, "message": {"message_id": 3, "date": 1795297119, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding ETH < 10", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:39.950433','2026-11-21 21:38:40.291924');
INSERT INTO "inbox" VALUES(500000005,'{"update_id": 500000005, "message": {"message_id": 7, "date": 1795297122, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding BTC < 1", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:42.275276','2026-11-21 21:38:43.139015');
INSERT INTO "inbox" VALUES(500000006,'{"update_id": 500000006, "message": {"message_id": 1, "date": 1795297123, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/quiet 00:00-23:59", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:43.550222','2026-11-21 21:38:43.581646');
INSERT INTO "inbox" VALUES(500000007,'{"update_id": 500000007, "message": {"message_id": 9, "date": 1795297125, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/settings", "entities": [{"type": "bot_command", "offset": 0, "length": 9}]}}','2026-11-21 21:38:45.062523','2026-11-21 21:38:45.080481');
INSERT INTO "inbox" VALUES(500000008,'{"update_id": 500000008, "message": {"message_id": 2, "date": 1795297128, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 2002, "is_bot": false, "first_name": "Ada", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:48.555813','2026-11-21 21:38:48.964893');
CREATE TABLE incidents (
	incident VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	outbox_id INTEGER NOT NULL, 
	CONSTRAINT pk_incidents PRIMARY KEY (incident, chat_id), 
	CONSTRAINT fk_incidents_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);
INSERT INTO "incidents" VALUES('9959A8',-4001,1);
INSERT INTO "incidents" VALUES('9959A8',1001,2);
INSERT INTO "incidents" VALUES('D0239E',-4001,3);
INSERT INTO "incidents" VALUES('D0239E',1001,4);
INSERT INTO "incidents" VALUES('05E381',-4001,7);
INSERT INTO "incidents" VALUES('05E381',1001,8);
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	chat_id BIGINT NOT NULL, 
	events TEXT NOT NULL, 
	reply_to INTEGER, 
	queued_at DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	sending_since DATETIME, 
	maybe_sent BOOLEAN NOT NULL, 
	done_at DATETIME, 
	message_id BIGINT, 
	dropped TEXT, 
	CONSTRAINT fk_outbox_reply_to FOREIGN KEY(reply_to) REFERENCES outbox (id) ON DELETE SET NULL
);
INSERT INTO "outbox" VALUES(1,-4001,'[{"alert":{"incident":"9959A8","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T21:38:51.029027Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","at":"2026-11-21T21:38:51.029027Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:38:51.108885','2026-11-21 21:38:51.108885',1,NULL,0,'2026-11-21 21:38:51.182450',4,NULL);
INSERT INTO "outbox" VALUES(2,1001,'[{"alert":{"incident":"9959A8","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T21:38:51.029027Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","at":"2026-11-21T21:38:51.029027Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:38:51.108885','2026-11-21 21:38:51.108885',1,NULL,0,'2026-11-21 21:38:51.189061',11,NULL);
INSERT INTO "outbox" VALUES(3,-4001,'[{"alert":{"incident":"D0239E","rule":"desks","subject":"main/sub:desk1","asset":"USDT","part":"total","comparison":"<","limit":"100","clear":"105.00","severity":"warning","since":"2026-11-21T21:39:00.028210Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","at":"2026-11-21T21:39:00.028210Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.038957','2026-11-21 21:39:00.038957',1,NULL,0,'2026-11-21 21:39:00.059122',5,NULL);
INSERT INTO "outbox" VALUES(4,1001,'[{"alert":{"incident":"D0239E","rule":"desks","subject":"main/sub:desk1","asset":"USDT","part":"total","comparison":"<","limit":"100","clear":"105.00","severity":"warning","since":"2026-11-21T21:39:00.028210Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","at":"2026-11-21T21:39:00.028210Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.038957','2026-11-21 21:39:00.038957',1,NULL,0,'2026-11-21 21:39:00.059848',12,NULL);
INSERT INTO "outbox" VALUES(5,-4001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:03.014215','2026-11-21 21:39:03.014215',1,NULL,0,'2026-11-21 21:39:03.144903',6,NULL);
INSERT INTO "outbox" VALUES(6,1001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:03.014215','2026-11-21 21:39:03.014215',1,NULL,0,'2026-11-21 21:39:03.149256',13,NULL);
INSERT INTO "outbox" VALUES(7,-4001,'[{"alert":{"incident":"05E381","rule":"spot","subject":"xt/spot","asset":"USDT","part":"total","comparison":"<","limit":"1000","clear":"1050.00","severity":"critical","since":"2026-11-21T21:39:06.066351Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","at":"2026-11-21T21:39:06.066351Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.084928','2026-11-21 21:39:11.407731',2,NULL,1,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(8,1001,'[{"alert":{"incident":"05E381","rule":"spot","subject":"xt/spot","asset":"USDT","part":"total","comparison":"<","limit":"1000","clear":"1050.00","severity":"critical","since":"2026-11-21T21:39:06.066351Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","at":"2026-11-21T21:39:06.066351Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.084928','2026-11-21 21:39:13.145532',3,NULL,1,NULL,NULL,NULL);
CREATE TABLE wallets (
	path VARCHAR NOT NULL, 
	balances TEXT, 
	read_at DATETIME, 
	first_read_at DATETIME, 
	failures INTEGER NOT NULL, 
	failing_since DATETIME, 
	error VARCHAR, 
	message TEXT, 
	retry_at DATETIME, 
	lost_for VARCHAR, 
	CONSTRAINT pk_wallets PRIMARY KEY (path)
);
INSERT INTO "wallets" VALUES('main/funding','[{"asset":"ETH","total":"37.11827078","available":"37.11827078","held":"0","staking":null},{"asset":"USDT","total":"320.5","available":"320.5","held":"0","staking":null}]','2026-11-21 21:39:09.034941','2026-11-21 21:38:34.265515',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/trading','[]','2026-11-21 21:39:09.035143','2026-11-21 21:38:34.374376',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/savings','[]','2026-11-21 21:39:09.035206','2026-11-21 21:38:34.374459',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/eth-staking','[{"asset":"BETH","total":"0.63926191","available":null,"held":null,"staking":{"as_of":"2026-11-21T21:38:29.618000Z","interest_latest":"0.00006549","interest_total":"0.01490596"}}]','2026-11-21 21:39:09.035294','2026-11-21 21:38:34.377938',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sol-staking','[]','2026-11-21 21:39:09.035358','2026-11-21 21:38:34.378063',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sub:desk1','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.035067','2026-11-21 21:38:34.378127',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sub:desk1/trading','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.035431','2026-11-21 21:38:34.378173',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('xt/spot','[{"asset":"USDT","total":"12.5","available":"12.5","held":"0","staking":null}]','2026-11-21 21:39:09.041740','2026-11-21 21:38:34.704909',0,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX ix_accounts_due_at ON accounts (due_at);
CREATE INDEX ix_changes_path_asset_at ON changes (path, asset, at);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE INDEX ix_outbox_done_at_chat_id_id ON outbox (done_at, chat_id, id);
CREATE INDEX ix_incidents_outbox_id ON incidents (outbox_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',8);
COMMIT;
