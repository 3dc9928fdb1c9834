BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR NOT NULL, 
	due_at DATETIME NOT NULL, 
	leased_until DATETIME, 
	fence BIGINT NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('main','2026-11-21 21:39:11.190938',NULL,13);
INSERT INTO "accounts" VALUES('xt','2026-11-21 21:39:11.191370',NULL,13);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE alerts (
	rule VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	bad_reads INTEGER NOT NULL, 
	since DATETIME, 
	counted_at DATETIME, 
	amount TEXT, 
	at_least BOOLEAN NOT NULL, 
	alert TEXT, condition TEXT DEFAULT '' NOT NULL, measure VARCHAR DEFAULT 'amount' NOT NULL, reminded_at DATETIME, reminders INTEGER DEFAULT '0' NOT NULL, ended_at DATETIME, hush TEXT, 
	CONSTRAINT pk_alerts PRIMARY KEY (rule, subject, asset)
);
INSERT INTO "alerts" VALUES('funding','main/funding','USDT',1,'2026-11-21 21:38:58.182827','2026-11-21 21:38:58.182827','320.5',0,'{"incident":"D45F50","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:58.182827Z","note":"The grid bot needs 500","at_least":false}','amount total < 500','amount','2026-11-21 21:38:58.187718',0,NULL,'{"kind":"until","until":"2026-11-22T05:39:02.490762Z","by":"You","at":"2026-11-21T21:39:02.490762Z"}');
INSERT INTO "alerts" VALUES('desks','main/sub:desk1','USDT',1,'2026-11-21 21:39:06.194959','2026-11-21 21:39:06.194959','40.25',0,'{"incident":"FDA90C","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:06.194959Z","note":"","at_least":false}','amount total < 100','amount','2026-11-21 21:39:06.200455',0,NULL,NULL);
INSERT INTO "alerts" VALUES('spot','xt/spot','USDT',1,'2026-11-21 21:39:06.200013','2026-11-21 21:39:06.200013','12.5',0,'{"incident":"5431D3","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:06.200013Z","note":"","at_least":false}','amount total < 1000','amount','2026-11-21 21:39:06.218075',0,NULL,NULL);
INSERT INTO "alerts" VALUES('#1','main/funding','ETH',0,NULL,NULL,'37.11827078',0,NULL,'','amount',NULL,0,NULL,NULL);
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	total TEXT, 
	available TEXT, 
	held TEXT, before_at DATETIME, 
	CONSTRAINT pk_changes PRIMARY KEY (id)
);
INSERT INTO "changes" VALUES(1,'main/funding','ETH','2026-11-21 21:38:40.847536','37.11827078','37.11827078','0',NULL);
INSERT INTO "changes" VALUES(2,'main/funding','USDT','2026-11-21 21:38:40.847536','2000.50','2000.50','0',NULL);
INSERT INTO "changes" VALUES(3,'main/eth-staking','BETH','2026-11-21 21:38:40.990107','0.63926191',NULL,NULL,NULL);
INSERT INTO "changes" VALUES(4,'main/sub:desk1','USDT','2026-11-21 21:38:40.990368','12345.678901234567890123','12345.678901234567890123','0',NULL);
INSERT INTO "changes" VALUES(5,'xt/spot','USDT','2026-11-21 21:38:41.291242','6929.61087353','3867.43650012','3062.17437341',NULL);
INSERT INTO "changes" VALUES(6,'main/funding','USDT','2026-11-21 21:38:58.182827','320.5','320.5','0','2026-11-21 21:38:55.995382');
INSERT INTO "changes" VALUES(7,'main/sub:desk1','USDT','2026-11-21 21:39:06.194959','40.25','40.25','0','2026-11-21 21:39:04.185920');
INSERT INTO "changes" VALUES(8,'main/sub:desk1/trading','USDT','2026-11-21 21:39:06.195028','40.25','40.25','0','2026-11-21 21:39:04.185978');
INSERT INTO "changes" VALUES(9,'xt/spot','USDT','2026-11-21 21:39:06.200013','12.5','12.5','0','2026-11-21 21:39:04.209119');
CREATE TABLE chats (
	chat_id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME, 
	gone TEXT, 
	former_id BIGINT, quiet VARCHAR, 
	CONSTRAINT pk_chats PRIMARY KEY (chat_id)
);
INSERT INTO "chats" VALUES(-4001,'','2026-11-21 21:38:40.066910',NULL,NULL,NULL,'00:00-23:59');
INSERT INTO "chats" VALUES(1001,'You','2026-11-21 21:38:43.295392',NULL,NULL,NULL,NULL);
CREATE TABLE digests (
	chat_id BIGINT NOT NULL, 
	local_date DATE NOT NULL, 
	due_at DATETIME NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (chat_id, local_date)
);
INSERT INTO "digests" VALUES(-4001,'2026-11-21','2026-11-21 21:39:00.000000');
INSERT INTO "digests" VALUES(1001,'2026-11-21','2026-11-21 21:39:00.000000');
CREATE TABLE drafts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	chat_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	begun_at DATETIME NOT NULL, 
	edits INTEGER, 
	question BIGINT, 
	became INTEGER
);
INSERT INTO "drafts" VALUES(1,1001,1001,'main/funding ETH < 10','2026-11-21 21:38:46.253752',NULL,NULL,1);
INSERT INTO "drafts" VALUES(2,1001,1001,'main/funding BTC < 1','2026-11-21 21:38:49.396794',NULL,NULL,NULL);
CREATE TABLE inbox (
	update_id BIGINT NOT NULL, 
	raw TEXT NOT NULL, 
	received_at DATETIME NOT NULL, 
	handled_at DATETIME, 
	CONSTRAINT pk_inbox PRIMARY KEY (update_id)
);
INSERT INTO "inbox" VALUES(500000001,'{"update_id": 500000001, "my_chat_member": {"chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "date": 1795297115, "old_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "left"}, "new_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "member"}}}','2026-11-21 21:38:42.427418','2026-11-21 21:38:42.703227');
INSERT INTO "inbox" VALUES(500000002,'{"update_id": 500000002, "message": {"message_id": 1, "date": 1795297123, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:43.254476','2026-11-21 21:38:43.660512');
INSERT INTO "inbox" VALUES(500000003,'{"update_id": 500000003, "message": {"message_id": 3, "date": 1795297124, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:44.708112','2026-11-21 21:38:44.800280');
INSERT INTO "inbox" VALUES(500000004,'{"update_id": 500000004, "message": {"message_id": 5, "date": 1795297126, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding ETH < 10", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:46.208310','2026-11-21 21:38:46.283478');
INSERT INTO "inbox" VALUES(500000005,'{"update_id": 500000005, "callback_query": {"id": "2424293414418745790", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 6, "date": 1795297126, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "New rule\nmain/funding ETH < 10\n\nCovers main/funding\n✅ Would not fire now: 37.11827078 ETH\n🕰 Since 21:38:40 UTC it would never have fired", "entities": [{"type": "bold", "offset": 0, "length": 8}, {"type": "code", "offset": 9, "length": 21}, {"type": "code", "offset": 39, "length": 12}], "reply_markup": {"inline_keyboard": [[{"text": "✅ Add", "callback_data": "d:a:1:"}, {"text": "✖️ Cancel", "callback_data": "d:x:1:"}]]}}, "chat_instance": "1001", "data": "d:a:1:"}}','2026-11-21 21:38:47.707862','2026-11-21 21:38:47.737664');
INSERT INTO "inbox" VALUES(500000006,'{"update_id": 500000006, "message": {"message_id": 7, "date": 1795297129, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding BTC < 1", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:49.233157','2026-11-21 21:38:49.452596');
INSERT INTO "inbox" VALUES(500000007,'{"update_id": 500000007, "message": {"message_id": 1, "date": 1795297130, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/quiet 00:00-23:59", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:50.715267','2026-11-21 21:38:50.777951');
INSERT INTO "inbox" VALUES(500000008,'{"update_id": 500000008, "message": {"message_id": 9, "date": 1795297132, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/settings", "entities": [{"type": "bot_command", "offset": 0, "length": 9}]}}','2026-11-21 21:38:52.551146','2026-11-21 21:38:52.637249');
INSERT INTO "inbox" VALUES(500000009,'{"update_id": 500000009, "message": {"message_id": 3, "date": 1795297135, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 2002, "is_bot": false, "first_name": "Ada", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:55.970102','2026-11-21 21:38:56.029760');
INSERT INTO "inbox" VALUES(500000010,'{"update_id": 500000010, "callback_query": {"id": "2210689026573985703", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 11, "date": 1795297138, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "🔴 CRITICAL · main/funding · USDT low\nbalance     320.5\nlimit       < 500\nshort       179.5\nto clear    204.5\n−1,680 against the reading before\navailable in main/sub:desk1 12,345.678901234567890123, xt/spot 3,867.43650012\nsince 21:38:58 UTC, just now\n“The grid bot needs 500”\nfunding · D45F50", "entities": [{"type": "code", "offset": 14, "length": 12}, {"type": "bold", "offset": 29, "length": 4}, {"type": "pre", "offset": 38, "length": 71}, {"type": "code", "offset": 157, "length": 14}, {"type": "code", "offset": 199, "length": 7}, {"type": "italic", "offset": 276, "length": 16}], "reply_markup": {"inline_keyboard": [[{"text": "👁 Seen", "callback_data": "a:s:D45F50"}, {"text": "🔕 1h", "callback_data": "a:1:D45F50"}, {"text": "🔕 8h", "callback_data": "a:8:D45F50"}], [{"text": "🔕 Until recovered", "callback_data": "a:r:D45F50"}, {"text": "🔄 Check now", "callback_data": "a:c:D45F50"}], [{"text": "📋 179.5 USDT", "copy_text": {"text": "179.5"}}]]}}, "chat_instance": "1001", "data": "a:8:D45F50"}}','2026-11-21 21:39:02.476903','2026-11-21 21:39:02.508183');
CREATE TABLE incidents (
	incident VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	outbox_id INTEGER NOT NULL, face TEXT DEFAULT '{"amount":"0"}' NOT NULL, shown_at DATETIME DEFAULT '1970-01-01 00:00:00.000000' NOT NULL, ending TEXT, 
	CONSTRAINT pk_incidents PRIMARY KEY (incident, chat_id), 
	CONSTRAINT fk_incidents_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);
INSERT INTO "incidents" VALUES('D45F50',-4001,1,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:02.490762Z","by":"You","at":"2026-11-21T21:39:02.490762Z"},"silent":true,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:02.522153',NULL);
INSERT INTO "incidents" VALUES('D45F50',1001,2,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:02.490762Z","by":"You","at":"2026-11-21T21:39:02.490762Z"},"silent":true,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:02.523422',NULL);
INSERT INTO "incidents" VALUES('FDA90C',-4001,5,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:06.211595',NULL);
INSERT INTO "incidents" VALUES('FDA90C',1001,6,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:06.211595',NULL);
INSERT INTO "incidents" VALUES('5431D3',-4001,7,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:06.225613',NULL);
INSERT INTO "incidents" VALUES('5431D3',1001,8,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:06.225613',NULL);
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
	dropped TEXT, held BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_outbox_reply_to FOREIGN KEY(reply_to) REFERENCES outbox (id) ON DELETE SET NULL
);
INSERT INTO "outbox" VALUES(1,-4001,'[{"alert":{"incident":"D45F50","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:58.182827Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:38:58.182827Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:38:58.199162','2026-11-21 21:38:58.199162',1,NULL,0,'2026-11-21 21:38:58.247017',5,NULL,0);
INSERT INTO "outbox" VALUES(2,1001,'[{"alert":{"incident":"D45F50","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:58.182827Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:38:58.182827Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:38:58.199162','2026-11-21 21:38:58.199162',1,NULL,0,'2026-11-21 21:38:58.249607',11,NULL,0);
INSERT INTO "outbox" VALUES(3,-4001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:00.172451','2026-11-21 23:59:00.000000',0,NULL,0,NULL,NULL,NULL,1);
INSERT INTO "outbox" VALUES(4,1001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:00.172451','2026-11-21 21:39:00.172451',1,NULL,0,'2026-11-21 21:39:00.193660',12,NULL,0);
INSERT INTO "outbox" VALUES(5,-4001,'[{"alert":{"incident":"FDA90C","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:06.194959Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["xt/spot","3867.43650012"],["main/funding","320.5"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:06.194959Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.211595','2026-11-21 23:59:00.000000',0,NULL,0,NULL,NULL,NULL,1);
INSERT INTO "outbox" VALUES(6,1001,'[{"alert":{"incident":"FDA90C","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:06.194959Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["xt/spot","3867.43650012"],["main/funding","320.5"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:06.194959Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.211595','2026-11-21 21:39:13.422805',3,NULL,1,NULL,NULL,NULL,0);
INSERT INTO "outbox" VALUES(7,-4001,'[{"alert":{"incident":"5431D3","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:06.200013Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["main/sub:desk1","40.25"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:06.200013Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.225613','2026-11-21 21:39:11.423339',2,NULL,1,NULL,NULL,NULL,0);
INSERT INTO "outbox" VALUES(8,1001,'[{"alert":{"incident":"5431D3","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:06.200013Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["main/sub:desk1","40.25"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:06.200013Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:06.225613','2026-11-21 21:39:06.225613',0,NULL,0,NULL,NULL,NULL,0);
CREATE TABLE rules (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	text TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	paused BOOLEAN NOT NULL, 
	deleted_at DATETIME
);
INSERT INTO "rules" VALUES(1,'main/funding ETH < 10','You','2026-11-21 21:38:47.717103',0,NULL);
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
	lost_for VARCHAR, frozen BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_wallets PRIMARY KEY (path)
);
INSERT INTO "wallets" VALUES('main/funding','[{"asset":"ETH","total":"37.11827078","available":"37.11827078","held":"0","staking":null},{"asset":"USDT","total":"320.5","available":"320.5","held":"0","staking":null}]','2026-11-21 21:39:09.221045','2026-11-21 21:38:40.847536',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/trading','[]','2026-11-21 21:39:09.221280','2026-11-21 21:38:40.986758',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/savings','[]','2026-11-21 21:39:09.221351','2026-11-21 21:38:40.989809',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/eth-staking','[{"asset":"BETH","total":"0.63926191","available":null,"held":null,"staking":{"as_of":"2026-11-21T21:38:35.445000Z","interest_latest":"0.00006549","interest_total":"0.01490596"}}]','2026-11-21 21:39:09.221444','2026-11-21 21:38:40.990107',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sol-staking','[]','2026-11-21 21:39:09.221512','2026-11-21 21:38:40.990246',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.221183','2026-11-21 21:38:40.990368',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1/trading','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.221594','2026-11-21 21:38:40.990459',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('xt/spot','[{"asset":"USDT","total":"12.5","available":"12.5","held":"0","staking":null}]','2026-11-21 21:39:09.328680','2026-11-21 21:38:41.291242',0,NULL,NULL,NULL,NULL,NULL,0);
CREATE INDEX ix_accounts_due_at ON accounts (due_at);
CREATE INDEX ix_changes_path_asset_at ON changes (path, asset, at);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE INDEX ix_outbox_done_at_chat_id_id ON outbox (done_at, chat_id, id);
CREATE INDEX ix_incidents_outbox_id ON incidents (outbox_id);
CREATE INDEX ix_drafts_chat_id_user_id ON drafts (chat_id, user_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('drafts',2);
INSERT INTO "sqlite_sequence" VALUES('rules',1);
INSERT INTO "sqlite_sequence" VALUES('outbox',8);
COMMIT;
