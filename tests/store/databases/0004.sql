BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR NOT NULL, 
	due_at DATETIME NOT NULL, 
	leased_until DATETIME, 
	fence BIGINT NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('main','2026-11-21 21:39:11.378708','2026-11-21 21:39:42.359177',12);
INSERT INTO "accounts" VALUES('xt','2026-11-21 21:39:11.392119','2026-11-21 21:39:42.359177',12);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
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
INSERT INTO "alerts" VALUES('funding','main/funding','USDT',1,'2026-11-21 21:39:00.372456','2026-11-21 21:39:00.372456','320.5',0,'{"incident":"92D502","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:00.372456Z","note":"The grid bot needs 500","at_least":false}','amount total < 500','amount','2026-11-21 21:39:00.377254',0,NULL,'{"kind":"until","until":"2026-11-22T05:39:04.402340Z","by":"You","at":"2026-11-21T21:39:04.402340Z"}');
INSERT INTO "alerts" VALUES('desks','main/sub:desk1','USDT',1,'2026-11-21 21:39:09.424952','2026-11-21 21:39:09.424952','40.25',0,'{"incident":"45FC89","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:09.424952Z","note":"","at_least":false}','amount total < 100','amount','2026-11-21 21:39:09.443889',0,NULL,NULL);
INSERT INTO "alerts" VALUES('spot','xt/spot','USDT',1,'2026-11-21 21:39:09.436713','2026-11-21 21:39:09.436713','12.5',0,'{"incident":"E067B6","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:09.436713Z","note":"","at_least":false}','amount total < 1000','amount','2026-11-21 21:39:09.504076',0,NULL,NULL);
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
INSERT INTO "changes" VALUES(1,'main/funding','ETH','2026-11-21 21:38:43.168756','37.11827078','37.11827078','0',NULL);
INSERT INTO "changes" VALUES(2,'main/funding','USDT','2026-11-21 21:38:43.168756','2000.50','2000.50','0',NULL);
INSERT INTO "changes" VALUES(3,'main/eth-staking','BETH','2026-11-21 21:38:43.215888','0.63926191',NULL,NULL,NULL);
INSERT INTO "changes" VALUES(4,'main/sub:desk1','USDT','2026-11-21 21:38:43.216007','12345.678901234567890123','12345.678901234567890123','0',NULL);
INSERT INTO "changes" VALUES(5,'xt/spot','USDT','2026-11-21 21:38:43.261004','6929.61087353','3867.43650012','3062.17437341',NULL);
INSERT INTO "changes" VALUES(6,'main/funding','USDT','2026-11-21 21:39:00.372456','320.5','320.5','0','2026-11-21 21:38:57.920941');
INSERT INTO "changes" VALUES(7,'main/sub:desk1','USDT','2026-11-21 21:39:09.424952','40.25','40.25','0','2026-11-21 21:39:06.369025');
INSERT INTO "changes" VALUES(8,'main/sub:desk1/trading','USDT','2026-11-21 21:39:09.425045','40.25','40.25','0','2026-11-21 21:39:06.369061');
INSERT INTO "changes" VALUES(9,'xt/spot','USDT','2026-11-21 21:39:09.436713','12.5','12.5','0','2026-11-21 21:39:06.371896');
CREATE TABLE chats (
	chat_id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME, 
	gone TEXT, 
	former_id BIGINT, quiet VARCHAR, 
	CONSTRAINT pk_chats PRIMARY KEY (chat_id)
);
INSERT INTO "chats" VALUES(-4001,'Desk','2026-11-21 21:38:42.351387',NULL,NULL,NULL,'00:00-23:59');
INSERT INTO "chats" VALUES(1001,'You','2026-11-21 21:38:45.387549',NULL,NULL,NULL,NULL);
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
INSERT INTO "drafts" VALUES(1,1001,1001,'main/funding ETH < 10','2026-11-21 21:38:48.403129',NULL,NULL,1);
INSERT INTO "drafts" VALUES(2,1001,1001,'main/funding BTC < 1','2026-11-21 21:38:51.408586',NULL,NULL,NULL);
CREATE TABLE elsewhere (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	event TEXT NOT NULL, 
	queued_at DATETIME NOT NULL, 
	reached BOOLEAN NOT NULL, 
	told_to TEXT NOT NULL, 
	done_at DATETIME, 
	CONSTRAINT pk_elsewhere PRIMARY KEY (id), 
	CONSTRAINT uq_elsewhere_name UNIQUE (name)
);
INSERT INTO "elsewhere" VALUES(1,'alert_raised 92D502','{"alert":{"incident":"92D502","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:00.372456Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:39:00.372456Z","kind":"alert_raised"}','2026-11-21 21:39:00.388404',1,'[]','2026-11-21 21:39:02.361332');
INSERT INTO "elsewhere" VALUES(2,'alert_raised E067B6','{"alert":{"incident":"E067B6","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:09.436713Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["main/sub:desk1","40.25"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:09.436713Z","kind":"alert_raised"}','2026-11-21 21:39:09.515787',0,'[]',NULL);
CREATE TABLE gaps (
	path VARCHAR NOT NULL, 
	begins_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	CONSTRAINT pk_gaps PRIMARY KEY (path, begins_at)
);
INSERT INTO "gaps" VALUES('xt/spot','2026-11-20 02:00:00.000000','2026-11-20 05:30:00.250000');
CREATE TABLE inbox (
	update_id BIGINT NOT NULL, 
	raw TEXT NOT NULL, 
	received_at DATETIME NOT NULL, 
	handled_at DATETIME, 
	CONSTRAINT pk_inbox PRIMARY KEY (update_id)
);
INSERT INTO "inbox" VALUES(500000001,'{"update_id": 500000001, "my_chat_member": {"chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "date": 1795297118, "old_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "left"}, "new_chat_member": {"user": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "status": "member"}}}','2026-11-21 21:38:43.290623','2026-11-21 21:38:43.571704');
INSERT INTO "inbox" VALUES(500000002,'{"update_id": 500000002, "message": {"message_id": 1, "date": 1795297125, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:45.371225','2026-11-21 21:38:45.454435');
INSERT INTO "inbox" VALUES(500000003,'{"update_id": 500000003, "message": {"message_id": 3, "date": 1795297126, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:46.863294','2026-11-21 21:38:46.954615');
INSERT INTO "inbox" VALUES(500000004,'{"update_id": 500000004, "message": {"message_id": 5, "date": 1795297128, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding ETH < 10", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:48.368549','2026-11-21 21:38:48.456501');
INSERT INTO "inbox" VALUES(500000005,'{"update_id": 500000005, "callback_query": {"id": "994765846966397758", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 6, "date": 1795297128, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "New rule\nmain/funding ETH < 10\n\nCovers main/funding\n\u2705 Would not fire now: 37.11827078 ETH\n\ud83d\udd70 Since 21:38:43 UTC it would never have fired", "entities": [{"type": "bold", "offset": 0, "length": 8}, {"type": "code", "offset": 9, "length": 21}, {"type": "code", "offset": 39, "length": 12}], "reply_markup": {"inline_keyboard": [[{"text": "\u2705 Add", "callback_data": "d:a:1:"}, {"text": "\u2716\ufe0f Cancel", "callback_data": "d:x:1:"}]]}}, "chat_instance": "1001", "data": "d:a:1:"}}','2026-11-21 21:38:49.868177','2026-11-21 21:38:49.884410');
INSERT INTO "inbox" VALUES(500000006,'{"update_id": 500000006, "message": {"message_id": 7, "date": 1795297131, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding BTC < 1", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:51.368629','2026-11-21 21:38:51.425855');
INSERT INTO "inbox" VALUES(500000007,'{"update_id": 500000007, "message": {"message_id": 1, "date": 1795297132, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/quiet 00:00-23:59", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:52.870725','2026-11-21 21:38:52.899799');
INSERT INTO "inbox" VALUES(500000008,'{"update_id": 500000008, "message": {"message_id": 9, "date": 1795297134, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/settings", "entities": [{"type": "bot_command", "offset": 0, "length": 9}]}}','2026-11-21 21:38:54.374305','2026-11-21 21:38:54.390890');
INSERT INTO "inbox" VALUES(500000009,'{"update_id": 500000009, "message": {"message_id": 3, "date": 1795297137, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 2002, "is_bot": false, "first_name": "Ada", "language_code": "en"}, "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]}}','2026-11-21 21:38:57.879166','2026-11-21 21:38:57.949721');
INSERT INTO "inbox" VALUES(500000010,'{"update_id": 500000010, "callback_query": {"id": "1209865683047090208", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 11, "date": 1795297140, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "\ud83d\udd34 CRITICAL \u00b7 main/funding \u00b7 USDT low\nbalance     320.5\nlimit       < 500\nshort       179.5\nto clear    204.5\n\u22121,680 against the reading before\navailable in main/sub:desk1 12,345.678901234567890123, xt/spot 3,867.43650012\nsince 21:39:00 UTC, just now\n\u201cThe grid bot needs 500\u201d\nfunding \u00b7 92D502", "entities": [{"type": "code", "offset": 14, "length": 12}, {"type": "bold", "offset": 29, "length": 4}, {"type": "pre", "offset": 38, "length": 71}, {"type": "code", "offset": 157, "length": 14}, {"type": "code", "offset": 199, "length": 7}, {"type": "italic", "offset": 276, "length": 16}], "reply_markup": {"inline_keyboard": [[{"text": "\ud83d\udc41 Seen", "callback_data": "a:s:92D502"}, {"text": "\ud83d\udd15 1h", "callback_data": "a:1:92D502"}, {"text": "\ud83d\udd15 8h", "callback_data": "a:8:92D502"}], [{"text": "\ud83d\udd15 Until recovered", "callback_data": "a:r:92D502"}, {"text": "\ud83d\udd04 Check now", "callback_data": "a:c:92D502"}], [{"text": "\ud83d\udccb 179.5 USDT", "copy_text": {"text": "179.5"}}]]}}, "chat_instance": "1001", "data": "a:8:92D502"}}','2026-11-21 21:39:04.382407','2026-11-21 21:39:04.409827');
CREATE TABLE incidents (
	incident VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	outbox_id INTEGER NOT NULL, face TEXT DEFAULT '{"amount":"0"}' NOT NULL, shown_at DATETIME DEFAULT '1970-01-01 00:00:00.000000' NOT NULL, ending TEXT, 
	CONSTRAINT pk_incidents PRIMARY KEY (incident, chat_id), 
	CONSTRAINT fk_incidents_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);
INSERT INTO "incidents" VALUES('92D502',-4001,1,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:04.402340Z","by":"You","at":"2026-11-21T21:39:04.402340Z"},"silent":true,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:04.419190',NULL);
INSERT INTO "incidents" VALUES('92D502',1001,2,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:04.402340Z","by":"You","at":"2026-11-21T21:39:04.402340Z"},"silent":true,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:04.420759',NULL);
INSERT INTO "incidents" VALUES('45FC89',-4001,5,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:09.482675',NULL);
INSERT INTO "incidents" VALUES('45FC89',1001,6,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:09.482675',NULL);
INSERT INTO "incidents" VALUES('E067B6',-4001,7,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:09.515787',NULL);
INSERT INTO "incidents" VALUES('E067B6',1001,8,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null}','2026-11-21 21:39:09.515787',NULL);
CREATE TABLE kept_prices (
	market VARCHAR NOT NULL, 
	coin VARCHAR NOT NULL, 
	hour INTEGER NOT NULL, 
	price TEXT NOT NULL, 
	CONSTRAINT pk_kept_prices PRIMARY KEY (market, coin, hour)
)
 WITHOUT ROWID

;
INSERT INTO "kept_prices" VALUES('okx','ETH',498000,'2799.990');
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
	dropped TEXT, held BOOLEAN DEFAULT 0 NOT NULL, due_at DATETIME DEFAULT '1970-01-01 00:00:00.000000' NOT NULL, 
	CONSTRAINT fk_outbox_reply_to FOREIGN KEY(reply_to) REFERENCES outbox (id) ON DELETE SET NULL
);
INSERT INTO "outbox" VALUES(1,-4001,'[{"alert":{"incident":"92D502","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:00.372456Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:39:00.372456Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.388404','2026-11-21 21:39:00.388404',1,NULL,0,'2026-11-21 21:39:00.419783',5,NULL,0,'2026-11-21 21:39:00.388404');
INSERT INTO "outbox" VALUES(2,1001,'[{"alert":{"incident":"92D502","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:00.372456Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000.50","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:39:00.372456Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.388404','2026-11-21 21:39:00.388404',1,NULL,0,'2026-11-21 21:39:00.429343',11,NULL,0,'2026-11-21 21:39:00.388404');
INSERT INTO "outbox" VALUES(3,-4001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:02.361219','2026-11-21 23:59:00.000000',0,NULL,0,NULL,NULL,NULL,1,'2026-11-21 23:59:00.000000');
INSERT INTO "outbox" VALUES(4,1001,'[{"local_date":"2026-11-21","since":null,"late":false,"at":"2026-11-21T21:39:00Z","kind":"digest_due"}]',NULL,'2026-11-21 21:39:02.361219','2026-11-21 21:39:02.361219',1,NULL,0,'2026-11-21 21:39:02.406778',12,NULL,0,'2026-11-21 21:39:02.361219');
INSERT INTO "outbox" VALUES(5,-4001,'[{"alert":{"incident":"45FC89","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:09.424952Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["xt/spot","3867.43650012"],["main/funding","320.5"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:09.424952Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:09.482675','2026-11-21 23:59:00.000000',0,NULL,0,NULL,NULL,NULL,1,'2026-11-21 23:59:00.000000');
INSERT INTO "outbox" VALUES(6,1001,'[{"alert":{"incident":"45FC89","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:09.424952Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["xt/spot","3867.43650012"],["main/funding","320.5"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:09.424952Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:09.482675','2026-11-21 21:39:12.618817',2,NULL,1,NULL,NULL,NULL,0,'2026-11-21 21:39:09.482675');
INSERT INTO "outbox" VALUES(7,-4001,'[{"alert":{"incident":"E067B6","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:09.436713Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["main/sub:desk1","40.25"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:09.436713Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:09.515787','2026-11-21 21:39:12.635223',2,NULL,1,NULL,NULL,NULL,0,'2026-11-21 21:39:09.515787');
INSERT INTO "outbox" VALUES(8,1001,'[{"alert":{"incident":"E067B6","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:09.436713Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["main/sub:desk1","40.25"],["main/sub:desk1/trading","40.25"]],"empty_in":null,"at":"2026-11-21T21:39:09.436713Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:09.515787','2026-11-21 21:39:09.515787',0,NULL,0,NULL,NULL,NULL,0,'2026-11-21 21:39:09.515787');
CREATE TABLE rules (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	text TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	paused BOOLEAN NOT NULL, 
	deleted_at DATETIME
);
INSERT INTO "rules" VALUES(1,'main/funding ETH < 10','You','2026-11-21 21:38:49.874891',0,NULL);
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
INSERT INTO "wallets" VALUES('main/funding','[{"asset":"ETH","total":"37.11827078","available":"37.11827078","held":"0","staking":null},{"asset":"USDT","total":"320.5","available":"320.5","held":"0","staking":null}]','2026-11-21 21:39:09.424410','2026-11-21 21:38:43.168756',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/trading','[]','2026-11-21 21:39:09.424570','2026-11-21 21:38:43.215701',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/savings','[]','2026-11-21 21:39:09.424672','2026-11-21 21:38:43.215775',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/eth-staking','[{"asset":"BETH","total":"0.63926191","available":null,"held":null,"staking":{"as_of":"2026-11-21T21:38:38.967000Z","interest_latest":"0.00006549","interest_total":"0.01490596"}}]','2026-11-21 21:39:09.424783','2026-11-21 21:38:43.215888',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sol-staking','[]','2026-11-21 21:39:09.424860','2026-11-21 21:38:43.215949',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.424952','2026-11-21 21:38:43.216007',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1/trading','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null}]','2026-11-21 21:39:09.425045','2026-11-21 21:38:43.216054',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('xt/spot','[{"asset":"USDT","total":"12.5","available":"12.5","held":"0","staking":null}]','2026-11-21 21:39:09.436713','2026-11-21 21:38:43.261004',0,NULL,NULL,NULL,NULL,NULL,0);
CREATE INDEX ix_accounts_due_at ON accounts (due_at);
CREATE INDEX ix_changes_path_asset_at ON changes (path, asset, at);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE INDEX ix_outbox_done_at_chat_id_id ON outbox (done_at, chat_id, id);
CREATE INDEX ix_incidents_outbox_id ON incidents (outbox_id);
CREATE INDEX ix_drafts_chat_id_user_id ON drafts (chat_id, user_id);
CREATE INDEX ix_elsewhere_done_at ON elsewhere (done_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('drafts',2);
INSERT INTO "sqlite_sequence" VALUES('rules',1);
INSERT INTO "sqlite_sequence" VALUES('outbox',8);
COMMIT;
