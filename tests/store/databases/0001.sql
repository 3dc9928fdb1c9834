BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR NOT NULL, 
	due_at DATETIME NOT NULL, 
	leased_until DATETIME, 
	fence BIGINT NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('coinw','2026-11-21 17:09:31.726946',NULL,6);
INSERT INTO "accounts" VALUES('main','2026-11-21 17:09:31.727148',NULL,6);
INSERT INTO "accounts" VALUES('xt','2026-11-21 17:09:31.727225',NULL,6);
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
INSERT INTO "alerts" VALUES('all','sum *','USDT',0,NULL,NULL,'29625.158075904567890123',1,NULL);
INSERT INTO "alerts" VALUES('funding','main/funding','USDT',1,'2026-11-21 17:09:26.738819','2026-11-21 17:09:26.738819','470.20',0,'{"incident":"3E50B1","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T17:09:26.738819Z","note":"The grid bot needs 500","at_least":false}');
INSERT INTO "alerts" VALUES('desks','main/sub:desk1','USDT',0,NULL,NULL,'12398.848901234567890123',0,NULL);
INSERT INTO "alerts" VALUES('desks','main/sub:desk2','USDT',0,NULL,NULL,'8143.85',0,NULL);
INSERT INTO "alerts" VALUES('desks','main/sub:desk3','USDT',0,NULL,NULL,'1500',0,NULL);
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
INSERT INTO "changes" VALUES(1,'coinw/spot','BTC','2026-11-21 17:08:56.820227',NULL,'0.0412',NULL);
INSERT INTO "changes" VALUES(2,'coinw/spot','CWT','2026-11-21 17:08:56.820227',NULL,'400.000',NULL);
INSERT INTO "changes" VALUES(3,'coinw/spot','SAND','2026-11-21 17:08:56.820227',NULL,'108.467',NULL);
INSERT INTO "changes" VALUES(4,'coinw/spot','USDT','2026-11-21 17:08:56.820227',NULL,'257.518301140000000',NULL);
INSERT INTO "changes" VALUES(5,'main/funding','BETH','2026-11-21 17:08:56.832596','0.25','0.25','0');
INSERT INTO "changes" VALUES(6,'main/funding','BTC','2026-11-21 17:08:56.832596','0.84512003','0.84512003','0');
INSERT INTO "changes" VALUES(7,'main/funding','ETH','2026-11-21 17:08:56.832596','37.11827078','37.11827078','0');
INSERT INTO "changes" VALUES(8,'main/funding','USDT','2026-11-21 17:08:56.832596','2345.67','2345.67','0');
INSERT INTO "changes" VALUES(9,'main/eth-staking','BETH','2026-11-21 17:08:56.833022','8.63926191',NULL,NULL);
INSERT INTO "changes" VALUES(10,'main/sub:desk1','ETH','2026-11-21 17:08:56.833333','4.2','4.2','0');
INSERT INTO "changes" VALUES(11,'main/sub:desk1','USDT','2026-11-21 17:08:56.833333','12345.678901234567890123','12345.678901234567890123','0');
INSERT INTO "changes" VALUES(12,'main/sub:desk2','BTC','2026-11-21 17:08:56.833606','0.311','0.311','0');
INSERT INTO "changes" VALUES(13,'main/sub:desk2','USDT','2026-11-21 17:08:56.833606','8120.55','8120.55','0');
INSERT INTO "changes" VALUES(14,'main/sub:desk3','USDT','2026-11-21 17:08:56.833960','1500','1500','0');
INSERT INTO "changes" VALUES(15,'xt/spot','BTC','2026-11-21 17:08:56.846846','0.00','0.00','0');
INSERT INTO "changes" VALUES(16,'xt/spot','ETH','2026-11-21 17:08:56.846846','3.15000000','2.40000000','0.75000000');
INSERT INTO "changes" VALUES(17,'xt/spot','LTC','2026-11-21 17:08:56.846846','0.00','0.00','0');
INSERT INTO "changes" VALUES(18,'xt/spot','USDT','2026-11-21 17:08:56.846846','6929.61087353','3867.43650012','3062.17437341');
INSERT INTO "changes" VALUES(19,'coinw/spot','BTC','2026-11-21 17:09:02.732407',NULL,'0.04109861',NULL);
INSERT INTO "changes" VALUES(20,'coinw/spot','USDT','2026-11-21 17:09:02.732407',NULL,'267.388301140000000',NULL);
INSERT INTO "changes" VALUES(21,'main/funding','USDT','2026-11-21 17:09:02.738952','2026.60','2026.60','0');
INSERT INTO "changes" VALUES(22,'main/sub:desk1','ETH','2026-11-21 17:09:02.739295','4.20034356','4.20034356','0');
INSERT INTO "changes" VALUES(23,'main/sub:desk1','USDT','2026-11-21 17:09:02.739295','12344.608901234567890123','12344.608901234567890123','0');
INSERT INTO "changes" VALUES(24,'xt/spot','ETH','2026-11-21 17:09:02.744336','3.14585647','2.39585647','0.75000000');
INSERT INTO "changes" VALUES(25,'xt/spot','USDT','2026-11-21 17:09:02.744336','6942.54087353','3880.36650012','3062.17437341');
INSERT INTO "changes" VALUES(26,'coinw/spot','BTC','2026-11-21 17:09:08.730432',NULL,'0.04113191',NULL);
INSERT INTO "changes" VALUES(27,'coinw/spot','USDT','2026-11-21 17:09:08.730432',NULL,'264.148301140000000',NULL);
INSERT INTO "changes" VALUES(28,'main/funding','USDT','2026-11-21 17:09:08.736398','1691.43','1691.43','0');
INSERT INTO "changes" VALUES(29,'main/sub:desk1','ETH','2026-11-21 17:09:08.736813','4.18636580','4.18636580','0');
INSERT INTO "changes" VALUES(30,'main/sub:desk1','USDT','2026-11-21 17:09:08.736813','12388.228901234567890123','12388.228901234567890123','0');
INSERT INTO "changes" VALUES(31,'main/sub:desk2','BTC','2026-11-21 17:09:08.736969','0.31027870','0.31027870','0');
INSERT INTO "changes" VALUES(32,'main/sub:desk2','USDT','2026-11-21 17:09:08.736969','8190.81','8190.81','0');
INSERT INTO "changes" VALUES(33,'xt/spot','ETH','2026-11-21 17:09:08.741567','3.10588239','2.35588239','0.75000000');
INSERT INTO "changes" VALUES(34,'xt/spot','USDT','2026-11-21 17:09:08.741567','7067.25087353','4005.07650012','3062.17437341');
INSERT INTO "changes" VALUES(35,'coinw/spot','BTC','2026-11-21 17:09:14.754525',NULL,'0.04107370',NULL);
INSERT INTO "changes" VALUES(36,'coinw/spot','USDT','2026-11-21 17:09:14.754525',NULL,'269.818301140000000',NULL);
INSERT INTO "changes" VALUES(37,'main/funding','USDT','2026-11-21 17:09:14.759968','1364.68','1364.68','0');
INSERT INTO "changes" VALUES(38,'main/sub:desk1','ETH','2026-11-21 17:09:14.760409','4.19568692','4.19568692','0');
INSERT INTO "changes" VALUES(39,'main/sub:desk1','USDT','2026-11-21 17:09:14.760409','12359.138901234567890123','12359.138901234567890123','0');
INSERT INTO "changes" VALUES(40,'main/sub:desk2','BTC','2026-11-21 17:09:14.760573','0.31106057','0.31106057','0');
INSERT INTO "changes" VALUES(41,'main/sub:desk2','USDT','2026-11-21 17:09:14.760573','8114.65','8114.65','0');
INSERT INTO "changes" VALUES(42,'xt/spot','ETH','2026-11-21 17:09:14.764645','3.18955199','2.43955199','0.75000000');
INSERT INTO "changes" VALUES(43,'xt/spot','USDT','2026-11-21 17:09:14.764645','6806.21087353','3744.03650012','3062.17437341');
INSERT INTO "changes" VALUES(44,'coinw/spot','BTC','2026-11-21 17:09:20.731820',NULL,'0.04123412',NULL);
INSERT INTO "changes" VALUES(45,'coinw/spot','USDT','2026-11-21 17:09:20.731820',NULL,'254.198301140000000',NULL);
INSERT INTO "changes" VALUES(46,'main/funding','USDT','2026-11-21 17:09:20.737444','1027.25','1027.25','0');
INSERT INTO "changes" VALUES(47,'main/sub:desk1','ETH','2026-11-21 17:09:20.737816','4.20853778','4.20853778','0');
INSERT INTO "changes" VALUES(48,'main/sub:desk1','USDT','2026-11-21 17:09:20.737816','12319.038901234567890123','12319.038901234567890123','0');
INSERT INTO "changes" VALUES(49,'main/sub:desk2','BTC','2026-11-21 17:09:20.737951','0.31069060','0.31069060','0');
INSERT INTO "changes" VALUES(50,'main/sub:desk2','USDT','2026-11-21 17:09:20.737951','8150.69','8150.69','0');
INSERT INTO "changes" VALUES(51,'xt/spot','ETH','2026-11-21 17:09:20.742694','3.17323063','2.42323063','0.75000000');
INSERT INTO "changes" VALUES(52,'xt/spot','USDT','2026-11-21 17:09:20.742694','6857.13087353','3794.95650012','3062.17437341');
INSERT INTO "changes" VALUES(53,'coinw/spot','BTC','2026-11-21 17:09:26.731956',NULL,'0.04121373',NULL);
INSERT INTO "changes" VALUES(54,'coinw/spot','USDT','2026-11-21 17:09:26.731956',NULL,'256.178301140000000',NULL);
INSERT INTO "changes" VALUES(55,'main/funding','USDT','2026-11-21 17:09:26.738819','470.20','470.20','0');
INSERT INTO "changes" VALUES(56,'main/sub:desk1','ETH','2026-11-21 17:09:26.739333','4.18296136','4.18296136','0');
INSERT INTO "changes" VALUES(57,'main/sub:desk1','USDT','2026-11-21 17:09:26.739333','12398.848901234567890123','12398.848901234567890123','0');
INSERT INTO "changes" VALUES(58,'main/sub:desk2','BTC','2026-11-21 17:09:26.739508','0.31076080','0.31076080','0');
INSERT INTO "changes" VALUES(59,'main/sub:desk2','USDT','2026-11-21 17:09:26.739508','8143.85','8143.85','0');
INSERT INTO "changes" VALUES(60,'xt/spot','ETH','2026-11-21 17:09:26.744558','3.17356844','2.42356844','0.75000000');
INSERT INTO "changes" VALUES(61,'xt/spot','USDT','2026-11-21 17:09:26.744558','6856.08087353','3793.90650012','3062.17437341');
CREATE TABLE chats (
	chat_id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME, 
	gone TEXT, 
	former_id BIGINT, 
	CONSTRAINT pk_chats PRIMARY KEY (chat_id)
);
INSERT INTO "chats" VALUES(-4001,'','2026-11-21 17:08:56.708524',NULL,NULL,NULL);
INSERT INTO "chats" VALUES(1001,'You','2026-11-21 17:08:56.950694',NULL,NULL,NULL);
CREATE TABLE digests (
	chat_id BIGINT NOT NULL, 
	local_date DATE NOT NULL, 
	due_at DATETIME NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (chat_id, local_date)
);
CREATE TABLE inbox (
	update_id BIGINT NOT NULL, 
	raw TEXT NOT NULL, 
	received_at DATETIME NOT NULL, 
	handled_at DATETIME, 
	CONSTRAINT pk_inbox PRIMARY KEY (update_id)
);
INSERT INTO "inbox" VALUES(500000001,'{"update_id": 500000001, "my_chat_member": {"chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "date": 1795280936, "old_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "left"}, "new_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "member"}}}','2026-11-21 17:08:56.939299','2026-11-21 17:08:56.945812');
INSERT INTO "inbox" VALUES(500000002,'{"update_id": 500000002, "message": {"message_id": 1, "date": 1795280936, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 17:08:56.939299','2026-11-21 17:08:56.975153');
CREATE TABLE incidents (
	incident VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	outbox_id INTEGER NOT NULL, 
	CONSTRAINT pk_incidents PRIMARY KEY (incident, chat_id), 
	CONSTRAINT fk_incidents_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);
INSERT INTO "incidents" VALUES('3E50B1',-4001,1);
INSERT INTO "incidents" VALUES('3E50B1',1001,2);
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
INSERT INTO "outbox" VALUES(1,-4001,'[{"alert":{"incident":"3E50B1","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T17:09:26.738819Z","note":"The grid bot needs 500","at_least":false},"amount":"470.20","before":"1027.25","at":"2026-11-21T17:09:26.738819Z","kind":"alert_raised"}]',NULL,'2026-11-21 17:09:26.761266','2026-11-21 17:09:26.761266',1,NULL,0,'2026-11-21 17:09:26.790390',1,NULL);
INSERT INTO "outbox" VALUES(2,1001,'[{"alert":{"incident":"3E50B1","rule":"funding","subject":"main/funding","asset":"USDT","part":"total","comparison":"<","limit":"500","clear":"525.00","severity":"critical","since":"2026-11-21T17:09:26.738819Z","note":"The grid bot needs 500","at_least":false},"amount":"470.20","before":"1027.25","at":"2026-11-21T17:09:26.738819Z","kind":"alert_raised"}]',NULL,'2026-11-21 17:09:26.761266','2026-11-21 17:09:26.761266',1,NULL,0,'2026-11-21 17:09:26.791420',3,NULL);
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
INSERT INTO "wallets" VALUES('coinw/spot','[{"asset":"BTC","total":null,"available":"0.04121373","held":null,"staking":null},{"asset":"CWT","total":null,"available":"400.000","held":null,"staking":null},{"asset":"SAND","total":null,"available":"108.467","held":null,"staking":null},{"asset":"USDT","total":null,"available":"256.178301140000000","held":null,"staking":null}]','2026-11-21 17:09:26.731956','2026-11-21 17:08:56.820227',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/funding','[{"asset":"BETH","total":"0.25","available":"0.25","held":"0","staking":null},{"asset":"BTC","total":"0.84512003","available":"0.84512003","held":"0","staking":null},{"asset":"ETH","total":"37.11827078","available":"37.11827078","held":"0","staking":null},{"asset":"USDT","total":"470.20","available":"470.20","held":"0","staking":null}]','2026-11-21 17:09:26.738819','2026-11-21 17:08:56.832596',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/eth-staking','[{"asset":"BETH","total":"8.63926191","available":null,"held":null,"staking":{"as_of":"2026-11-21T15:00:00Z","interest_latest":"0.00086549","interest_total":"0.19490596"}}]','2026-11-21 17:09:26.739128','2026-11-21 17:08:56.833022',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sub:desk1','[{"asset":"ETH","total":"4.18296136","available":"4.18296136","held":"0","staking":null},{"asset":"USDT","total":"12398.848901234567890123","available":"12398.848901234567890123","held":"0","staking":null}]','2026-11-21 17:09:26.739333','2026-11-21 17:08:56.833333',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sub:desk2','[{"asset":"BTC","total":"0.31076080","available":"0.31076080","held":"0","staking":null},{"asset":"USDT","total":"8143.85","available":"8143.85","held":"0","staking":null}]','2026-11-21 17:09:26.739508','2026-11-21 17:08:56.833606',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('main/sub:desk3','[{"asset":"USDT","total":"1500","available":"1500","held":"0","staking":null}]','2026-11-21 17:09:26.739668','2026-11-21 17:08:56.833960',0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wallets" VALUES('xt/spot','[{"asset":"BTC","total":"0.00","available":"0.00","held":"0","staking":null},{"asset":"ETH","total":"3.17356844","available":"2.42356844","held":"0.75000000","staking":null},{"asset":"LTC","total":"0.00","available":"0.00","held":"0","staking":null},{"asset":"USDT","total":"6856.08087353","available":"3793.90650012","held":"3062.17437341","staking":null}]','2026-11-21 17:09:26.744558','2026-11-21 17:08:56.846846',0,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX ix_accounts_due_at ON accounts (due_at);
CREATE INDEX ix_changes_path_asset_at ON changes (path, asset, at);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE INDEX ix_outbox_done_at_chat_id_id ON outbox (done_at, chat_id, id);
CREATE INDEX ix_incidents_outbox_id ON incidents (outbox_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
COMMIT;
