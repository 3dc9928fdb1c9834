BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR NOT NULL, 
	due_at DATETIME NOT NULL, 
	leased_until DATETIME, 
	fence BIGINT NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('main','2026-11-21 21:39:30.597923',NULL,46);
INSERT INTO "accounts" VALUES('xt','2026-11-21 21:39:30.598072',NULL,46);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE alerts (
	rule VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	bad_reads INTEGER NOT NULL, 
	condition TEXT DEFAULT '' NOT NULL, 
	since DATETIME, 
	counted_at DATETIME, 
	amount TEXT, 
	measure VARCHAR NOT NULL, 
	at_least BOOLEAN NOT NULL, 
	alert TEXT, 
	reminders INTEGER NOT NULL, 
	reminded_at DATETIME, 
	ended_at DATETIME, 
	hush TEXT, 
	CONSTRAINT pk_alerts PRIMARY KEY (rule, subject, asset)
);
INSERT INTO "alerts" VALUES('funding','main/funding','USDT',1,'amount total < 500','2026-11-21 21:38:59.998273','2026-11-21 21:38:59.998273','320.5','amount',0,'{"incident":"ABD3F9EF4E","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:59.998273Z","note":"The grid bot needs 500","at_least":false}',0,'2026-11-21 21:39:00.001773',NULL,'{"kind":"until","until":"2026-11-22T05:39:05.266798Z","by":"You","at":"2026-11-21T21:39:05.266798Z"}');
INSERT INTO "alerts" VALUES('desks','main/sub:desk1','USDT',1,'amount total < 100','2026-11-21 21:39:11.023915','2026-11-21 21:39:11.023915','40.25','amount',0,'{"incident":"7E328DF545","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:11.023915Z","note":"","at_least":false}',0,'2026-11-21 21:39:11.028567',NULL,NULL);
INSERT INTO "alerts" VALUES('spot','xt/spot','USDT',1,'amount total < 1000','2026-11-21 21:39:08.876349','2026-11-21 21:39:08.876349','12.5','amount',0,'{"incident":"D1D030DD6D","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:08.876349Z","note":"","at_least":false}',0,'2026-11-21 21:39:08.887379',NULL,NULL);
INSERT INTO "alerts" VALUES('#1','main/funding','ETH',0,'',NULL,NULL,'37.11827078','amount',0,NULL,0,NULL,NULL,NULL);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	by_id BIGINT, 
	by_name TEXT NOT NULL, 
	chat_id BIGINT, 
	kind VARCHAR NOT NULL, 
	about TEXT NOT NULL
);
INSERT INTO "audit" VALUES(1,'2026-11-21 21:38:42.244783',1001,'You',1001,'rule_made','#1 main/funding ETH < 10');
INSERT INTO "audit" VALUES(2,'2026-11-21 21:38:43.418754',1001,'You',-4001,'settings_changed','quiet 00:00-23:59');
INSERT INTO "audit" VALUES(3,'2026-11-21 21:39:05.277751',1001,'You',1001,'alert_silenced','funding: main/funding USDT');
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	asset VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	before_at DATETIME, 
	total TEXT, 
	available TEXT, 
	held TEXT, 
	CONSTRAINT pk_changes PRIMARY KEY (id)
);
INSERT INTO "changes" VALUES(1,'main/funding','ETH','2026-11-21 21:38:40.230659',NULL,'37.11827078','37.11827078','0');
INSERT INTO "changes" VALUES(2,'main/funding','USDT','2026-11-21 21:38:40.230659',NULL,'2000','2000','0');
INSERT INTO "changes" VALUES(3,'main/eth-staking','BETH','2026-11-21 21:38:40.230928',NULL,'0.63926191',NULL,NULL);
INSERT INTO "changes" VALUES(4,'main/sub:desk1','USDT','2026-11-21 21:38:40.231030',NULL,'12345.678901234567890123','12345.678901234567890123','0');
INSERT INTO "changes" VALUES(5,'xt/spot','USDT','2026-11-21 21:38:40.231139',NULL,'6929.61087353','3867.43650012','3062.17437341');
INSERT INTO "changes" VALUES(6,'main/funding','USDT','2026-11-21 21:38:59.998273','2026-11-21 21:38:57.812961','320.5','320.5','0');
INSERT INTO "changes" VALUES(7,'xt/spot','USDT','2026-11-21 21:39:08.876349','2026-11-21 21:39:06.629010','12.5','12.5','0');
INSERT INTO "changes" VALUES(8,'main/sub:desk1','USDT','2026-11-21 21:39:11.023915','2026-11-21 21:39:08.876185','40.25','40.25','0');
CREATE TABLE chats (
	chat_id BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME, 
	gone TEXT, 
	former_id BIGINT, 
	quiet VARCHAR, 
	role VARCHAR, 
	blocked BOOLEAN DEFAULT 0 NOT NULL, 
	asked_at DATETIME, 
	scope TEXT DEFAULT '{"patterns":["*"]}' NOT NULL, 
	thread_id BIGINT, 
	preferences TEXT DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_chats PRIMARY KEY (chat_id)
);
INSERT INTO "chats" VALUES(-4001,'Desk','2026-11-21 21:38:40.166471',NULL,NULL,NULL,'00:00-23:59',NULL,0,NULL,'{"patterns":["*"]}',NULL,'{"language":null,"zone":null,"currency":null,"dust":null,"percent_only":false,"loudness":{},"digest":null}');
INSERT INTO "chats" VALUES(1001,'You','2026-11-21 21:38:40.321426',NULL,NULL,NULL,NULL,NULL,0,NULL,'{"patterns":["*"]}',NULL,'{"language":null,"zone":null,"currency":null,"dust":null,"percent_only":false,"loudness":{},"digest":null}');
CREATE TABLE digests (
	chat_id BIGINT NOT NULL, 
	period VARCHAR NOT NULL, 
	local_date DATE NOT NULL, 
	due_at DATETIME NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (chat_id, period, local_date)
);
INSERT INTO "digests" VALUES(-4001,'daily','2026-11-21','2026-11-21 21:39:00.000000');
INSERT INTO "digests" VALUES(1001,'daily','2026-11-21','2026-11-21 21:39:00.000000');
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
INSERT INTO "drafts" VALUES(1,1001,1001,'main/funding ETH < 10','2026-11-21 21:38:42.228572',NULL,NULL,1);
INSERT INTO "drafts" VALUES(2,1001,1001,'main/funding BTC < 1','2026-11-21 21:38:43.274625',NULL,NULL,NULL);
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
INSERT INTO "elsewhere" VALUES(1,'alert_raised ABD3F9EF4E','{"alert":{"incident":"ABD3F9EF4E","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:59.998273Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:38:59.998273Z","kind":"alert_raised"}','2026-11-21 21:39:00.044099',1,'[]','2026-11-21 21:39:05.189649');
INSERT INTO "elsewhere" VALUES(2,'alert_raised D1D030DD6D','{"alert":{"incident":"D1D030DD6D","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:08.876349Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["main/funding","320.5"]],"empty_in":null,"at":"2026-11-21T21:39:08.876349Z","kind":"alert_raised"}','2026-11-21 21:39:08.899009',0,'[]',NULL);
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
INSERT INTO "inbox" VALUES(500000002,'{"update_id": 500000002, "message": {"message_id": 1, "date": 1795306992, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:40.308310','2026-11-21 21:38:40.395951');
INSERT INTO "inbox" VALUES(500000003,'{"update_id": 500000003, "message": {"message_id": 4, "date": 1795306994, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding ETH < 10", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:42.193112','2026-11-21 21:38:42.238014');
INSERT INTO "inbox" VALUES(500000004,'{"update_id": 500000004, "callback_query": {"id": "8894288718503456", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 5, "date": 1795306994, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "New rule\nmain/funding ETH < 10\n\nCovers main/funding\n\u2705 Would not fire now: 37.11827078 ETH\n\ud83d\udd70 Since 21:38:40 UTC it would never have fired", "entities": [{"type": "bold", "offset": 0, "length": 8}, {"type": "code", "offset": 9, "length": 21}, {"type": "code", "offset": 39, "length": 12}], "reply_markup": {"inline_keyboard": [[{"text": "\u2705 Add", "callback_data": "d:a:1:"}, {"text": "\u2716\ufe0f Cancel", "callback_data": "d:x:1:"}]]}}, "chat_instance": "1001", "data": "d:a:1:"}}','2026-11-21 21:38:42.239429','2026-11-21 21:38:43.340926');
INSERT INTO "inbox" VALUES(500000005,'{"update_id": 500000005, "message": {"message_id": 6, "date": 1795306995, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/rule main/funding BTC < 1", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}}','2026-11-21 21:38:43.240918','2026-11-21 21:38:43.398255');
INSERT INTO "inbox" VALUES(500000006,'{"update_id": 500000006, "message": {"message_id": 1, "date": 1795306995, "chat": {"id": -4001, "type": "group", "title": "Desk"}, "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "text": "/quiet 00:00-23:59", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}}','2026-11-21 21:38:43.400257','2026-11-21 21:38:43.431263');
INSERT INTO "inbox" VALUES(500000007,'{"update_id": 500000007, "callback_query": {"id": "2853821153725348519", "from": {"id": 1001, "is_bot": false, "first_name": "You", "language_code": "en"}, "message": {"message_id": 8, "date": 1795307012, "chat": {"id": 1001, "type": "private", "first_name": "You"}, "from": {"id": 1000001, "is_bot": true, "first_name": "balance-bot demo", "username": "balance_demo_bot"}, "text": "\ud83d\udd34 CRITICAL \u00b7 main/funding \u00b7 USDT low\nbalance     320.5\nlimit       < 500\nshort       179.5\nto clear    204.5\n\u22121,679.5 against the reading before\navailable in main/sub:desk1 12,345.678901234567890123, xt/spot 3,867.43650012\nsince 21:38:59 UTC, just now\n\u201cThe grid bot needs 500\u201d\nfunding \u00b7 ABD3F9EF4E", "entities": [{"type": "code", "offset": 14, "length": 12}, {"type": "bold", "offset": 29, "length": 4}, {"type": "pre", "offset": 38, "length": 71}, {"type": "code", "offset": 159, "length": 14}, {"type": "code", "offset": 201, "length": 7}, {"type": "italic", "offset": 278, "length": 20}], "reply_markup": {"inline_keyboard": [[{"text": "\ud83d\udc41 Seen", "callback_data": "a:s:ABD3F9EF4E"}, {"text": "\ud83d\udd15 1h", "callback_data": "a:1:ABD3F9EF4E"}, {"text": "\ud83d\udd15 8h", "callback_data": "a:8:ABD3F9EF4E"}], [{"text": "\ud83d\udd15 Until recovered", "callback_data": "a:r:ABD3F9EF4E"}, {"text": "\ud83d\udd04 Check now", "callback_data": "a:c:ABD3F9EF4E"}], [{"text": "\ud83d\udccb 179.5 USDT", "copy_text": {"text": "179.5"}}]]}}, "chat_instance": "1001", "data": "a:8:ABD3F9EF4E"}}','2026-11-21 21:39:05.242585','2026-11-21 21:39:05.317843');
CREATE TABLE incidents (
	incident VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	outbox_id INTEGER NOT NULL, 
	face TEXT NOT NULL, 
	shown_at DATETIME NOT NULL, 
	ending TEXT, 
	CONSTRAINT pk_incidents PRIMARY KEY (incident, chat_id), 
	CONSTRAINT fk_incidents_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);
INSERT INTO "incidents" VALUES('ABD3F9EF4E',-4001,1,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:05.266798Z","by":"You","at":"2026-11-21T21:39:05.266798Z"},"silent":true,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:05.368661',NULL);
INSERT INTO "incidents" VALUES('ABD3F9EF4E',1001,2,'{"amount":"320.5","hush":{"kind":"until","until":"2026-11-22T05:39:05.266798Z","by":"You","at":"2026-11-21T21:39:05.266798Z"},"silent":true,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:05.374537',NULL);
INSERT INTO "incidents" VALUES('D1D030DD6D',-4001,5,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:08.899009',NULL);
INSERT INTO "incidents" VALUES('D1D030DD6D',1001,6,'{"amount":"12.5","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:08.899009',NULL);
INSERT INTO "incidents" VALUES('7E328DF545',-4001,7,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:11.045836',NULL);
INSERT INTO "incidents" VALUES('7E328DF545',1001,8,'{"amount":"40.25","hush":null,"silent":false,"reminders":0,"over":null,"over_at":null,"renew":false}','2026-11-21 21:39:11.045836',NULL);
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
CREATE TABLE leases (
	name VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	fence BIGINT NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('leading','bot-1 3f9c2a71',3,'2026-11-21 21:39:24.000000');
CREATE TABLE members (
	chat_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	role VARCHAR, 
	CONSTRAINT pk_members PRIMARY KEY (chat_id, user_id)
);
INSERT INTO "members" VALUES(-4001,1001,'You',NULL);
INSERT INTO "members" VALUES(-4001,2002,'Ada',NULL);
CREATE TABLE news (
	topic VARCHAR NOT NULL, 
	number BIGINT NOT NULL, 
	CONSTRAINT pk_news PRIMARY KEY (topic)
);
INSERT INTO "news" VALUES('watched',1);
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	chat_id BIGINT NOT NULL, 
	events TEXT NOT NULL, 
	reply_to INTEGER, 
	queued_at DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	held BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	sending_since DATETIME, 
	maybe_sent BOOLEAN NOT NULL, 
	done_at DATETIME, 
	message_id BIGINT, 
	dropped TEXT, 
	CONSTRAINT fk_outbox_reply_to FOREIGN KEY(reply_to) REFERENCES outbox (id) ON DELETE SET NULL
);
INSERT INTO "outbox" VALUES(1,-4001,'[{"alert":{"incident":"ABD3F9EF4E","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:59.998273Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:38:59.998273Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.044099','2026-11-21 21:39:00.044099','2026-11-21 21:39:00.044099',0,1,NULL,0,'2026-11-21 21:39:00.207131',3,NULL);
INSERT INTO "outbox" VALUES(2,1001,'[{"alert":{"incident":"ABD3F9EF4E","rule":"funding","subject":"main/funding","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"500","clear":"525.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:38:59.998273Z","note":"The grid bot needs 500","at_least":false},"amount":"320.5","before":"2000","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["xt/spot","3867.43650012"]],"empty_in":null,"at":"2026-11-21T21:38:59.998273Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:00.044099','2026-11-21 21:39:00.044099','2026-11-21 21:39:00.044099',0,1,NULL,0,'2026-11-21 21:39:00.240374',8,NULL);
INSERT INTO "outbox" VALUES(3,-4001,'[{"local_date":"2026-11-21","since":"2026-11-20T21:39:00Z","late":false,"at":"2026-11-21T21:39:00Z","period":"daily","kind":"digest_due"}]',NULL,'2026-11-21 21:39:00.198526','2026-11-21 23:59:00.000000','2026-11-21 23:59:00.000000',1,0,NULL,0,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(4,1001,'[{"local_date":"2026-11-21","since":"2026-11-20T21:39:00Z","late":false,"at":"2026-11-21T21:39:00Z","period":"daily","kind":"digest_due"}]',NULL,'2026-11-21 21:39:00.198526','2026-11-21 21:39:00.198526','2026-11-21 21:39:00.198526',0,1,NULL,0,'2026-11-21 21:39:00.840505',9,NULL);
INSERT INTO "outbox" VALUES(5,-4001,'[{"alert":{"incident":"D1D030DD6D","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:08.876349Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["main/funding","320.5"]],"empty_in":null,"at":"2026-11-21T21:39:08.876349Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:08.899009','2026-11-21 21:39:38.932875','2026-11-21 21:39:08.899009',0,1,NULL,1,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(6,1001,'[{"alert":{"incident":"D1D030DD6D","rule":"spot","subject":"xt/spot","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"1000","clear":"1050.00","window":null,"least":null,"severity":"critical","since":"2026-11-21T21:39:08.876349Z","note":"","at_least":false},"amount":"12.5","before":"6929.61087353","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/sub:desk1","12345.678901234567890123"],["main/funding","320.5"]],"empty_in":null,"at":"2026-11-21T21:39:08.876349Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:08.899009','2026-11-21 21:39:38.939647','2026-11-21 21:39:08.899009',0,1,NULL,1,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(7,-4001,'[{"alert":{"incident":"7E328DF545","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:11.023915Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["xt/spot","12.5"]],"empty_in":null,"at":"2026-11-21T21:39:11.023915Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:11.045836','2026-11-21 21:39:11.045836','2026-11-21 21:39:11.045836',0,0,NULL,0,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(8,1001,'[{"alert":{"incident":"7E328DF545","rule":"desks","subject":"main/sub:desk1","asset":"USDT","measure":"amount","part":"total","asked":"total","comparison":"<","limit":"100","clear":"105.00","window":null,"least":null,"severity":"warning","since":"2026-11-21T21:39:11.023915Z","note":"","at_least":false},"amount":"40.25","before":"12345.678901234567890123","held":null,"by_amounts":null,"change_24h":null,"elsewhere":[["main/funding","320.5"],["xt/spot","12.5"]],"empty_in":null,"at":"2026-11-21T21:39:11.023915Z","kind":"alert_raised"}]',NULL,'2026-11-21 21:39:11.045836','2026-11-21 21:39:11.045836','2026-11-21 21:39:11.045836',0,0,NULL,0,NULL,NULL,NULL);
CREATE TABLE pairing (
	digest VARCHAR NOT NULL, 
	expires_at DATETIME NOT NULL, 
	wrong_tries INTEGER NOT NULL, 
	CONSTRAINT pk_pairing PRIMARY KEY (digest)
);
INSERT INTO "pairing" VALUES('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','2026-11-21 21:50:00.000000',1);
CREATE TABLE questions (
	chat_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	topic VARCHAR NOT NULL, 
	about BIGINT NOT NULL, 
	asked_at DATETIME NOT NULL, 
	CONSTRAINT pk_questions PRIMARY KEY (chat_id, user_id)
);
INSERT INTO "questions" VALUES(1001,1001,12,'zone',1001,'2026-11-21 21:39:00.000000');
CREATE TABLE rules (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	text TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	paused BOOLEAN NOT NULL, 
	deleted_at DATETIME
);
INSERT INTO "rules" VALUES(1,'main/funding ETH < 10','You','2026-11-21 21:38:42.243941',0,NULL);
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
	frozen BOOLEAN NOT NULL, 
	CONSTRAINT pk_wallets PRIMARY KEY (path)
);
INSERT INTO "wallets" VALUES('main/funding','[{"asset":"ETH","total":"37.11827078","available":"37.11827078","held":"0","staking":null,"earned":null},{"asset":"USDT","total":"320.5","available":"320.5","held":"0","staking":null,"earned":null}]','2026-11-21 21:39:28.600730','2026-11-21 21:38:40.230659',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/trading','[]','2026-11-21 21:39:28.600870','2026-11-21 21:38:40.230804',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/savings','[]','2026-11-21 21:39:28.600917','2026-11-21 21:38:40.230855',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/eth-staking','[{"asset":"BETH","total":"0.63926191","available":null,"held":null,"staking":{"as_of":"2026-11-22T00:23:11.954000Z","interest_latest":"0.00006549","interest_total":"0.01490596"},"earned":null}]','2026-11-21 21:39:28.600976','2026-11-21 21:38:40.230928',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sol-staking','[]','2026-11-21 21:39:28.601023','2026-11-21 21:38:40.230977',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1','[{"asset":"USDT","total":"40.25","available":"40.25","held":"0","staking":null,"earned":null}]','2026-11-21 21:39:28.600816','2026-11-21 21:38:40.231030',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('main/sub:desk1/trading','[]','2026-11-21 21:39:28.601068','2026-11-21 21:38:40.231077',0,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "wallets" VALUES('xt/spot','[{"asset":"USDT","total":"12.5","available":"12.5","held":"0","staking":null,"earned":null}]','2026-11-21 21:39:28.601125','2026-11-21 21:38:40.231139',0,NULL,NULL,NULL,NULL,NULL,0);
CREATE INDEX ix_accounts_due_at ON accounts (due_at);
CREATE INDEX ix_changes_path_asset_at ON changes (path, asset, at);
CREATE INDEX ix_drafts_chat_id_user_id ON drafts (chat_id, user_id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_outbox_done_at_chat_id_id ON outbox (done_at, chat_id, id);
CREATE INDEX ix_elsewhere_done_at ON elsewhere (done_at);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE INDEX ix_incidents_outbox_id ON incidents (outbox_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('drafts',2);
INSERT INTO "sqlite_sequence" VALUES('rules',1);
INSERT INTO "sqlite_sequence" VALUES('audit',3);
INSERT INTO "sqlite_sequence" VALUES('outbox',8);
COMMIT;
