-- Written by ScanTill before prices could be lowered: two sales, a Z, one sale, a Z, and two bottles in the cart.
PRAGMA application_id = 1396921420;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE settings (
              key TEXT NOT NULL PRIMARY KEY,
              value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('cart','{"lines":[{"line":1,"product":1,"name":"农夫山泉 550ml","price":200,"pieces":2}],"next_line":1}');
INSERT INTO settings VALUES('last_seen_ms','1795456094382');
INSERT INTO settings VALUES('order_sequence','3');
CREATE TABLE products (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL,
              barcode TEXT UNIQUE,
              price_fen INTEGER CHECK (price_fen > 0), -- NULL: the cashier enters it
              category TEXT NOT NULL,
              position INTEGER NOT NULL -- order on the screen
          ) STRICT;
INSERT INTO products VALUES(1,'农夫山泉 550ml','6900000000011',200,'饮料',1);
INSERT INTO products VALUES(2,'康师傅红烧牛肉面','6900000000028',450,'方便面',2);
CREATE TABLE stock (
              product_id INTEGER PRIMARY KEY REFERENCES products (id),
              counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
              received INTEGER NOT NULL,
              sold INTEGER NOT NULL CHECK (sold >= 0),
              reserved INTEGER NOT NULL CHECK (reserved >= 0),
              CHECK (counted = 0 OR received - sold - reserved >= 0)
          ) STRICT;
INSERT INTO stock VALUES(1,1,100,3,0);
INSERT INTO stock VALUES(2,1,100,2,0);
CREATE TABLE held_carts (
              id INTEGER PRIMARY KEY,
              held_at INTEGER NOT NULL, -- UTC milliseconds
              cart TEXT NOT NULL -- JSON of till_core::Cart
          ) STRICT;
CREATE TABLE sales (
              id INTEGER PRIMARY KEY,
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same sale
              total_fee INTEGER NOT NULL CHECK (total_fee > 0), -- fen
              stock TEXT NOT NULL CHECK (stock IN ('held', 'sold', 'returned')),
              rung_up_at INTEGER NOT NULL -- UTC milliseconds
          , user_id INTEGER REFERENCES users (id), shift_id INTEGER REFERENCES shifts (id), paid_at INTEGER, cash_in_hand_fen INTEGER NOT NULL DEFAULT 0 CHECK (cash_in_hand_fen >= 0)) STRICT;
INSERT INTO sales VALUES(1,'first',850,'sold',1795456093917,NULL,NULL,1795456093000,0);
INSERT INTO sales VALUES(2,'second',200,'sold',1795456094151,NULL,NULL,1795456094000,0);
INSERT INTO sales VALUES(3,'third',450,'sold',1795456094382,NULL,NULL,1795456094000,0);
CREATE TABLE sale_lines (
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL,
              line INTEGER NOT NULL, -- its number in the cart
              product_id INTEGER NOT NULL REFERENCES products (id),
              name TEXT NOT NULL, -- as it was rung up
              price_fen INTEGER NOT NULL CHECK (price_fen > 0),
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (sale_id, nth)
          ) STRICT, WITHOUT ROWID;
INSERT INTO sale_lines VALUES(1,0,1,1,'农夫山泉 550ml',200,2);
INSERT INTO sale_lines VALUES(1,1,2,2,'康师傅红烧牛肉面',450,1);
INSERT INTO sale_lines VALUES(2,0,1,1,'农夫山泉 550ml',200,1);
INSERT INTO sale_lines VALUES(3,0,1,2,'康师傅红烧牛肉面',450,1);
CREATE TABLE attempts (
              id INTEGER PRIMARY KEY,
              out_trade_no TEXT NOT NULL UNIQUE,
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL, -- the sale's first is 0
              state TEXT NOT NULL,
              is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
              total_fee INTEGER NOT NULL CHECK (total_fee > 0), -- fen
              placed_at INTEGER NOT NULL, -- UTC milliseconds
              deadline INTEGER NOT NULL,
              paid_at INTEGER, -- WeChat's own time of payment
              transaction_id TEXT, -- not unique: WeChat's mistakes must be writable too
              body TEXT NOT NULL, -- JSON of till_core::Attempt
              request TEXT NOT NULL -- the saved request, exactly as it is sent again
          ) STRICT;
INSERT INTO attempts VALUES(1,'T01-261124-000001-W62S',1,0,'paid',1,850,1795456093917,1795457893917,1795456093000,'4200546548202611240871032356','{"out_trade_no":"T01-261124-000001-W62S","total_fee":850,"placed_at":"2026-11-23T17:48:13.917Z","deadline":"2026-11-23T18:18:13.917Z","state":{"state":"paid","transaction_id":"4200546548202611240871032356","total_fee":850,"fee_type":"CNY","cash_fee":850,"coupon_fee":0,"time_end":"2026-11-23T17:48:13Z","found_by":"query"},"next":null,"doubts":0}','[["appid","wxd930ea5d5a258f4f"],["mch_id","1900000109"],["device_info","T01"],["sign_type","HMAC-SHA256"],["body","小满便利店-农夫山泉 550ml等3件"],["out_trade_no","T01-261124-000001-W62S"],["total_fee","850"],["spbill_create_ip","127.0.0.1"],["time_start","20261124014813"],["time_expire","20261124021813"],["notify_url","http://127.0.0.1:9/weixin/pay/notify/url"],["trade_type","NATIVE"],["product_id","1"]]');
INSERT INTO attempts VALUES(2,'T01-261124-000002-UW5G',2,0,'paid',1,200,1795456094151,1795457894151,1795456094000,'4200213356202611243475832980','{"out_trade_no":"T01-261124-000002-UW5G","total_fee":200,"placed_at":"2026-11-23T17:48:14.151Z","deadline":"2026-11-23T18:18:14.151Z","state":{"state":"paid","transaction_id":"4200213356202611243475832980","total_fee":200,"fee_type":"CNY","cash_fee":200,"coupon_fee":0,"time_end":"2026-11-23T17:48:14Z","found_by":"query"},"next":null,"doubts":0}','[["appid","wxd930ea5d5a258f4f"],["mch_id","1900000109"],["device_info","T01"],["sign_type","HMAC-SHA256"],["body","小满便利店-农夫山泉 550ml"],["out_trade_no","T01-261124-000002-UW5G"],["total_fee","200"],["spbill_create_ip","127.0.0.1"],["time_start","20261124014814"],["time_expire","20261124021814"],["notify_url","http://127.0.0.1:9/weixin/pay/notify/url"],["trade_type","NATIVE"],["product_id","2"]]');
INSERT INTO attempts VALUES(3,'T01-261124-000003-3BRM',3,0,'paid',1,450,1795456094382,1795457894382,1795456094000,'4200666088202611244112321041','{"out_trade_no":"T01-261124-000003-3BRM","total_fee":450,"placed_at":"2026-11-23T17:48:14.382Z","deadline":"2026-11-23T18:18:14.382Z","state":{"state":"paid","transaction_id":"4200666088202611244112321041","total_fee":450,"fee_type":"CNY","cash_fee":450,"coupon_fee":0,"time_end":"2026-11-23T17:48:14Z","found_by":"query"},"next":null,"doubts":0}','[["appid","wxd930ea5d5a258f4f"],["mch_id","1900000109"],["device_info","T01"],["sign_type","HMAC-SHA256"],["body","小满便利店-康师傅红烧牛肉面"],["out_trade_no","T01-261124-000003-3BRM"],["total_fee","450"],["spbill_create_ip","127.0.0.1"],["time_start","20261124014814"],["time_expire","20261124021814"],["notify_url","http://127.0.0.1:9/weixin/pay/notify/url"],["trade_type","NATIVE"],["product_id","3"]]');
CREATE TABLE evidence (
              id INTEGER PRIMARY KEY,
              out_trade_no TEXT NOT NULL REFERENCES attempts (out_trade_no),
              first_at INTEGER NOT NULL, -- UTC milliseconds
              last_at INTEGER NOT NULL,
              count INTEGER NOT NULL CHECK (count > 0),
              kind TEXT NOT NULL,
              outcome TEXT NOT NULL,
              sign TEXT NOT NULL,
              request TEXT,
              answer TEXT
          , out_refund_no TEXT REFERENCES refunds (out_refund_no)) STRICT;
INSERT INTO evidence VALUES(1,'T01-261124-000001-W62S',1795456093937,1795456093937,1,'unifiedorder','SUCCESS','right','<xml><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><device_info><![CDATA[T01]]></device_info><sign_type><![CDATA[HMAC-SHA256]]></sign_type><body><![CDATA[小满便利店-农夫山泉 550ml等3件]]></body><out_trade_no><![CDATA[T01-261124-000001-W62S]]></out_trade_no><total_fee>850</total_fee><spbill_create_ip><![CDATA[127.0.0.1]]></spbill_create_ip><time_start>20261124014813</time_start><time_expire>20261124021813</time_expire><notify_url><![CDATA[http://127.0.0.1:9/weixin/pay/notify/url]]></notify_url><trade_type><![CDATA[NATIVE]]></trade_type><product_id>1</product_id><nonce_str><![CDATA[UC8HBTPjgjPZ9tYQJqcpoubVbNNxHSFy]]></nonce_str><sign><![CDATA[06692190DB9481A8793D0919925B07B2ED8A0396E41ED1E792D41851C2211AC0]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><code_url><![CDATA[weixin://wxpay/bizpayurl/up?pr=UWZyopj&groupid=00]]></code_url><device_info><![CDATA[T01]]></device_info><mch_id>1900000109</mch_id><nonce_str><![CDATA[II8RWprGxZTZPCGs]]></nonce_str><prepay_id><![CDATA[wx2026112401481380206545972814421313]]></prepay_id><trade_type><![CDATA[NATIVE]]></trade_type><sign><![CDATA[B4A38602C7A06D5F4A4E6A227B5C2791C24EB2C5E442BB77E7DCF67E5DC66D34]]></sign></xml>',NULL);
INSERT INTO evidence VALUES(2,'T01-261124-000001-W62S',1795456093957,1795456093957,1,'orderquery','SUCCESS','right','<xml><out_trade_no><![CDATA[T01-261124-000001-W62S]]></out_trade_no><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><sign_type><![CDATA[HMAC-SHA256]]></sign_type><nonce_str><![CDATA[hFHOHsabODt4EllLW8N63MrQO5KJPJ9p]]></nonce_str><sign><![CDATA[5F9FB451ED58F8B4BD532D2C1F587B552F5ECF8A1178D8B3DD55E533EDB7B2E1]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><bank_type><![CDATA[OTHERS]]></bank_type><cash_fee>850</cash_fee><cash_fee_type><![CDATA[CNY]]></cash_fee_type><device_info><![CDATA[T01]]></device_info><fee_type><![CDATA[CNY]]></fee_type><is_subscribe><![CDATA[N]]></is_subscribe><mch_id>1900000109</mch_id><nonce_str><![CDATA[tZdbqfUE5qbtg3MS]]></nonce_str><openid>***</openid><out_trade_no><![CDATA[T01-261124-000001-W62S]]></out_trade_no><time_end>20261124014813</time_end><total_fee>850</total_fee><trade_state><![CDATA[SUCCESS]]></trade_state><trade_state_desc><![CDATA[支付成功]]></trade_state_desc><trade_type><![CDATA[NATIVE]]></trade_type><transaction_id>4200546548202611240871032356</transaction_id><sign><![CDATA[B00341E8EDE7E97BEF3FDC79938BB75A4C8BBAE0C8FCE1B56BE2EA0A2EA1BE97]]></sign></xml>',NULL);
INSERT INTO evidence VALUES(3,'T01-261124-000002-UW5G',1795456094158,1795456094158,1,'unifiedorder','SUCCESS','right','<xml><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><device_info><![CDATA[T01]]></device_info><sign_type><![CDATA[HMAC-SHA256]]></sign_type><body><![CDATA[小满便利店-农夫山泉 550ml]]></body><out_trade_no><![CDATA[T01-261124-000002-UW5G]]></out_trade_no><total_fee>200</total_fee><spbill_create_ip><![CDATA[127.0.0.1]]></spbill_create_ip><time_start>20261124014814</time_start><time_expire>20261124021814</time_expire><notify_url><![CDATA[http://127.0.0.1:9/weixin/pay/notify/url]]></notify_url><trade_type><![CDATA[NATIVE]]></trade_type><product_id>2</product_id><nonce_str><![CDATA[rElc43GMJ8AzGMemZaiYHepG2SfmMn65]]></nonce_str><sign><![CDATA[F2DB23AE325D6A2C3B544FFCDDCE2C4623135042ACC1B5492DE959410805F347]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><code_url><![CDATA[weixin://wxpay/bizpayurl/up?pr=27uHLDr&groupid=00]]></code_url><device_info><![CDATA[T01]]></device_info><mch_id>1900000109</mch_id><nonce_str><![CDATA[wCzAFjRSVdNWz9ts]]></nonce_str><prepay_id><![CDATA[wx2026112401481479752491280125685584]]></prepay_id><trade_type><![CDATA[NATIVE]]></trade_type><sign><![CDATA[BB510A8CE28D9B2BF73EEFC12C9289AE7AAD32FF94760F97E653D90CC414F93A]]></sign></xml>',NULL);
INSERT INTO evidence VALUES(4,'T01-261124-000002-UW5G',1795456094177,1795456094177,1,'orderquery','SUCCESS','right','<xml><out_trade_no><![CDATA[T01-261124-000002-UW5G]]></out_trade_no><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><sign_type><![CDATA[HMAC-SHA256]]></sign_type><nonce_str><![CDATA[Y2r4k5kYf3Lt4UDiqUneOzwlCYwzn5Mi]]></nonce_str><sign><![CDATA[B8E3BC24B96E1A577C6E23D844ABDB0E2DE9FCF2E46E5C84957C18DAB2CA27AB]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><bank_type><![CDATA[OTHERS]]></bank_type><cash_fee>200</cash_fee><cash_fee_type><![CDATA[CNY]]></cash_fee_type><device_info><![CDATA[T01]]></device_info><fee_type><![CDATA[CNY]]></fee_type><is_subscribe><![CDATA[N]]></is_subscribe><mch_id>1900000109</mch_id><nonce_str><![CDATA[o3OZ4I7tRsUyLsJB]]></nonce_str><openid>***</openid><out_trade_no><![CDATA[T01-261124-000002-UW5G]]></out_trade_no><time_end>20261124014814</time_end><total_fee>200</total_fee><trade_state><![CDATA[SUCCESS]]></trade_state><trade_state_desc><![CDATA[支付成功]]></trade_state_desc><trade_type><![CDATA[NATIVE]]></trade_type><transaction_id>4200213356202611243475832980</transaction_id><sign><![CDATA[083D760CA75B6D59E538B01C5FD8BC5AF285EC1818A5AE7699BD58942BD77C93]]></sign></xml>',NULL);
INSERT INTO evidence VALUES(5,'T01-261124-000003-3BRM',1795456094401,1795456094401,1,'unifiedorder','SUCCESS','right','<xml><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><device_info><![CDATA[T01]]></device_info><sign_type><![CDATA[HMAC-SHA256]]></sign_type><body><![CDATA[小满便利店-康师傅红烧牛肉面]]></body><out_trade_no><![CDATA[T01-261124-000003-3BRM]]></out_trade_no><total_fee>450</total_fee><spbill_create_ip><![CDATA[127.0.0.1]]></spbill_create_ip><time_start>20261124014814</time_start><time_expire>20261124021814</time_expire><notify_url><![CDATA[http://127.0.0.1:9/weixin/pay/notify/url]]></notify_url><trade_type><![CDATA[NATIVE]]></trade_type><product_id>3</product_id><nonce_str><![CDATA[MQdEmZFSwtYhHuHjE9KX4ACXaP090g28]]></nonce_str><sign><![CDATA[8E649260ABFB5301C6296FA84E37C02CD7276E6671CCBF0C768002455DB5326B]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><code_url><![CDATA[weixin://wxpay/bizpayurl/up?pr=EurF1Bv&groupid=00]]></code_url><device_info><![CDATA[T01]]></device_info><mch_id>1900000109</mch_id><nonce_str><![CDATA[HVonqbBtsBOxRQPq]]></nonce_str><prepay_id><![CDATA[wx2026112401481406108464225375506827]]></prepay_id><trade_type><![CDATA[NATIVE]]></trade_type><sign><![CDATA[0E3C01185FC9DD8362753C5654E6D4282F059EFA20D812779F1513B17D0B451C]]></sign></xml>',NULL);
INSERT INTO evidence VALUES(6,'T01-261124-000003-3BRM',1795456094424,1795456094424,1,'orderquery','SUCCESS','right','<xml><out_trade_no><![CDATA[T01-261124-000003-3BRM]]></out_trade_no><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><mch_id>1900000109</mch_id><sign_type><![CDATA[HMAC-SHA256]]></sign_type><nonce_str><![CDATA[nanpyj8OWpBHTDdoRbDbX9lnEgeA0GAG]]></nonce_str><sign><![CDATA[0F8838B698939BAE12CA364FBDBFF357369EE8818290B9294FA4878021D2F6EF]]></sign></xml>','<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code><appid><![CDATA[wxd930ea5d5a258f4f]]></appid><bank_type><![CDATA[OTHERS]]></bank_type><cash_fee>450</cash_fee><cash_fee_type><![CDATA[CNY]]></cash_fee_type><device_info><![CDATA[T01]]></device_info><fee_type><![CDATA[CNY]]></fee_type><is_subscribe><![CDATA[N]]></is_subscribe><mch_id>1900000109</mch_id><nonce_str><![CDATA[rvppUDPorsgn9Vau]]></nonce_str><openid>***</openid><out_trade_no><![CDATA[T01-261124-000003-3BRM]]></out_trade_no><time_end>20261124014814</time_end><total_fee>450</total_fee><trade_state><![CDATA[SUCCESS]]></trade_state><trade_state_desc><![CDATA[支付成功]]></trade_state_desc><trade_type><![CDATA[NATIVE]]></trade_type><transaction_id>4200666088202611244112321041</transaction_id><sign><![CDATA[B826AE9A955CD37516068CFF2BEB38C1CB2DC1262AA7E66B1013089005098065]]></sign></xml>',NULL);
CREATE TABLE journal (
              id INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              at INTEGER NOT NULL, -- UTC milliseconds
              what TEXT NOT NULL,
              sale_id INTEGER,
              out_trade_no TEXT,
              detail TEXT NOT NULL,
              digest BLOB NOT NULL CHECK (length(digest) = 32) -- SHA-256 of this row and the digest before it
          ) STRICT;
INSERT INTO journal VALUES(1,1795456093917,'placed',1,'T01-261124-000001-W62S','8.50',X'483e2800c8097863cc167fd26531e7d1bf0a26bd554fcefed180724b849acbcf');
INSERT INTO journal VALUES(2,1795456093937,'state',1,'T01-261124-000001-W62S','placing -> awaiting_payment',X'6e7596657b48d32807aaffaf2fa7af0205d57b824b800494d516ff7799b29291');
INSERT INTO journal VALUES(3,1795456093957,'state',1,'T01-261124-000001-W62S','awaiting_payment -> paid',X'd7200275286b0c87e8f0cbc654e43ea93f01cacc67ef026f2f2053a001dbefe3');
INSERT INTO journal VALUES(4,1795456094151,'placed',2,'T01-261124-000002-UW5G','2.00',X'3419f129d13145214d60f6533b234d6c21f2ae78e0287366cadba9a9da2a575d');
INSERT INTO journal VALUES(5,1795456094158,'state',2,'T01-261124-000002-UW5G','placing -> awaiting_payment',X'63ba8194b805af16f3b35bb918bc938789ee8b82b70322ff1815071a75f2dae8');
INSERT INTO journal VALUES(6,1795456094177,'state',2,'T01-261124-000002-UW5G','awaiting_payment -> paid',X'f285a54b5f0f9ec08ed9b69795144b54aca3d92c2e60c13be0351f49dc11b10f');
INSERT INTO journal VALUES(7,1795456094362,'z_made',NULL,NULL,'1: no users, net 10.50, b01e582e22f4fc2dd273e051e9e43fd3a853489d0e289ff47fef628425b3f11e',X'98cae9aae19ca98957608fb88c237c71037dc5c54d60842c115a625e5e92232d');
INSERT INTO journal VALUES(8,1795456094382,'placed',3,'T01-261124-000003-3BRM','4.50',X'7eb50e9d1e8ce46fb60754026803aa2d4e1a4d826e41c4759e19ca47fac1e969');
INSERT INTO journal VALUES(9,1795456094401,'state',3,'T01-261124-000003-3BRM','placing -> awaiting_payment',X'2ec70261d34b66c7ccc7d1c72fed662a83e5099c5987a8139f448489c8214c5c');
INSERT INTO journal VALUES(10,1795456094424,'state',3,'T01-261124-000003-3BRM','awaiting_payment -> paid',X'b0bbfae39d7a1736c0e526d4898e140466c5110784719d393654aaa8c76e8f81');
INSERT INTO journal VALUES(11,1795456094616,'z_made',NULL,NULL,'2: no users, net 4.50, 61e378dd524494832c73bac7bfed41a9683c2b61ba2a2280bfcf6314a5252ece',X'be462462efa3708f1f3c534933a066cef539a3ac2c61e8f1e2d755ec452ebb20');
CREATE TABLE users (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL,
              role TEXT NOT NULL CHECK (role IN ('cashier', 'manager')),
              on_duty INTEGER NOT NULL CHECK (on_duty IN (0, 1)), -- 0: may not sign in any more
              pin_hash TEXT NOT NULL, -- argon2id, as a PHC text
              wrong_pins INTEGER NOT NULL DEFAULT 0, -- in a row
              last_wrong_at INTEGER -- UTC milliseconds
          ) STRICT;
CREATE TABLE shifts (
              id INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              opened_at INTEGER NOT NULL, -- UTC milliseconds
              opened_by INTEGER REFERENCES users (id),
              float_fen INTEGER NOT NULL CHECK (float_fen >= 0),
              closed_at INTEGER,
              closed_by INTEGER REFERENCES users (id),
              expected_fen INTEGER,
              counted_fen INTEGER CHECK (counted_fen >= 0),
              left_fen INTEGER CHECK (left_fen BETWEEN 0 AND counted_fen),
              count TEXT, -- JSON of till_core::DrawerCount
              approved_by TEXT,
              note TEXT NOT NULL,
              CHECK ((closed_at IS NULL) = (expected_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (counted_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (left_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (count IS NULL))
          ) STRICT;
CREATE TABLE cash_moves (
              id INTEGER PRIMARY KEY,
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same movement
              at INTEGER NOT NULL, -- UTC milliseconds
              kind TEXT NOT NULL CHECK (kind IN ('sale', 'given_back', 'refund', 'paid_in', 'paid_out')),
              amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
              tendered_fen INTEGER CHECK (tendered_fen >= amount_fen), -- what a customer handed over
              sale_id INTEGER REFERENCES sales (id),
              shift_id INTEGER REFERENCES shifts (id),
              user_id INTEGER REFERENCES users (id),
              reason TEXT NOT NULL,
              CHECK ((kind IN ('sale', 'given_back', 'refund')) = (sale_id IS NOT NULL)),
              CHECK ((kind = 'sale') = (tendered_fen IS NOT NULL))
          ) STRICT;
CREATE TABLE inbox (
              id INTEGER PRIMARY KEY,
              digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of kind and fields
              kind TEXT NOT NULL,
              message_id TEXT NOT NULL, -- the broker's; empty when it had none
              out_trade_no TEXT, -- as the message names it: need not be an order of this ledger
              received_at INTEGER NOT NULL, -- UTC milliseconds
              became TEXT NOT NULL CHECK (became IN ('taken_in', 'kept', 'dead_letter')),
              reason TEXT CHECK ((reason IS NOT NULL) = (became = 'dead_letter')),
              fields TEXT NOT NULL -- JSON, as received: with the sign, so that it can be verified again
          ) STRICT;
CREATE TABLE bills (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              bill_type TEXT NOT NULL CHECK (bill_type = 'ALL'),
              source TEXT NOT NULL CHECK (source IN ('fetched', 'imported')),
              content TEXT NOT NULL CHECK (content IN ('table', 'nothing')), -- nothing: WeChat said that nothing happened
              received_at INTEGER NOT NULL, -- UTC milliseconds
              sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
              file BLOB NOT NULL -- as received, compressed or not
          ) STRICT;
CREATE TABLE bill_notes (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              subject TEXT NOT NULL, -- JSON of till_core::Subject
              cause TEXT NOT NULL, -- the difference's cause when this was written
              at INTEGER NOT NULL, -- UTC milliseconds
              user_id INTEGER, -- who; NULL while nobody had signed in
              text TEXT NOT NULL CHECK (text <> '')
          ) STRICT;
CREATE TABLE sign_offs (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              bill_id INTEGER NOT NULL REFERENCES bills (id),
              at INTEGER NOT NULL, -- UTC milliseconds
              user_id INTEGER, -- who; NULL while nobody had signed in
              agreement TEXT NOT NULL -- JSON of till_core::Agreement, as it was signed
          ) STRICT;
CREATE TABLE refunds (
              id INTEGER PRIMARY KEY,
              out_refund_no TEXT NOT NULL UNIQUE,
              out_trade_no TEXT NOT NULL REFERENCES attempts (out_trade_no),
              nth INTEGER NOT NULL CHECK (nth > 0), -- the order's first is 1
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same refund
              state TEXT NOT NULL,
              is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
              paid_fee INTEGER NOT NULL CHECK (paid_fee > 0), -- fen; what the order was paid
              refund_fee INTEGER NOT NULL CHECK (refund_fee > 0 AND refund_fee <= paid_fee),
              counts INTEGER NOT NULL CHECK (counts IN (0, 1)), -- takes up a part of what was paid
              goods TEXT NOT NULL CHECK (goods IN ('stay', 'wanted', 'back')),
              wished_at INTEGER NOT NULL, -- UTC milliseconds
              sent_at INTEGER, -- when it last left: its day on WeChat's bill
              refund_id TEXT, -- WeChat's number
              reason TEXT NOT NULL,
              approved_by TEXT NOT NULL,
              body TEXT NOT NULL, -- JSON of till_core::Refund
              request TEXT NOT NULL -- the saved request, exactly as it is sent again
          ) STRICT;
CREATE TABLE refund_lines (
              refund INTEGER NOT NULL REFERENCES refunds (id),
              line INTEGER NOT NULL, -- its number in the sale
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (refund, line)
          ) STRICT, WITHOUT ROWID;
CREATE TABLE z_reports (
              number INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same Z
              closed_at INTEGER NOT NULL, -- UTC milliseconds
              net_fen INTEGER NOT NULL,
              bookings_to INTEGER NOT NULL, -- the last row of the books that is in it
              cash_moves_to INTEGER NOT NULL, -- the last movement of cash
              shifts_to INTEGER NOT NULL, -- the last shift that was closed by then
              journal_to INTEGER NOT NULL, -- the last row of the journal, and its digest
              journal_digest BLOB NOT NULL CHECK (length(journal_digest) = 32),
              body TEXT NOT NULL, -- JSON of till_core::Report, as it was made
              digest BLOB NOT NULL CHECK (length(digest) = 32) -- SHA-256 of all this and of the Z before
          ) STRICT;
INSERT INTO z_reports VALUES(1,'z1',1795456094362,1050,2,0,0,6,X'f285a54b5f0f9ec08ed9b69795144b54aca3d92c2e60c13be0351f49dc11b10f','{"head":{"shop":"小满便利店","legal_id":"","till":"T01","version":"0.1.0","number":1,"day":"2026-11-24","from":"2026-11-23T17:48:13.917Z","to":"2026-11-23T17:48:14.362Z","by":"","note":""},"takings":{"wechat_paid":{"count":2,"sum":1050},"wechat_late":{"count":0,"sum":0},"wechat_surplus":{"count":0,"sum":0},"cash_sales":{"count":0,"sum":0},"cash_parts":{"count":0,"sum":0},"refunds":{"count":0,"sum":0},"refunds_by_hand":{"count":0,"sum":0},"refunds_closed":{"count":0,"sum":0},"cash_refunds":{"count":0,"sum":0},"closed_at_deadline":{"count":0,"sum":0},"closed_by_cancel":{"count":0,"sum":0},"closed_otherwise":{"count":0,"sum":0},"refused":{"count":0,"sum":0},"of_earlier_days":{"count":0,"sum":0},"hours":[{"hour":0,"sold":{"count":0,"sum":0}},{"hour":1,"sold":{"count":2,"sum":1050}},{"hour":2,"sold":{"count":0,"sum":0}},{"hour":3,"sold":{"count":0,"sum":0}},{"hour":4,"sold":{"count":0,"sum":0}},{"hour":5,"sold":{"count":0,"sum":0}},{"hour":6,"sold":{"count":0,"sum":0}},{"hour":7,"sold":{"count":0,"sum":0}},{"hour":8,"sold":{"count":0,"sum":0}},{"hour":9,"sold":{"count":0,"sum":0}},{"hour":10,"sold":{"count":0,"sum":0}},{"hour":11,"sold":{"count":0,"sum":0}},{"hour":12,"sold":{"count":0,"sum":0}},{"hour":13,"sold":{"count":0,"sum":0}},{"hour":14,"sold":{"count":0,"sum":0}},{"hour":15,"sold":{"count":0,"sum":0}},{"hour":16,"sold":{"count":0,"sum":0}},{"hour":17,"sold":{"count":0,"sum":0}},{"hour":18,"sold":{"count":0,"sum":0}},{"hour":19,"sold":{"count":0,"sum":0}},{"hour":20,"sold":{"count":0,"sum":0}},{"hour":21,"sold":{"count":0,"sum":0}},{"hour":22,"sold":{"count":0,"sum":0}},{"hour":23,"sold":{"count":0,"sum":0}}]},"drawer":{"taken":{"count":0,"sum":0},"given_back":{"count":0,"sum":0},"paid_in":{"count":0,"sum":0},"paid_out":{"count":0,"sum":0},"moves":[],"shifts":[],"in_hand":{"count":0,"sum":0}},"items":[{"name":"农夫山泉 550ml","category":"饮料","pieces":3,"sum":600},{"name":"康师傅红烧牛肉面","category":"方便面","pieces":1,"sum":450}],"categories":[{"name":"饮料","category":"","pieces":3,"sum":600},{"name":"方便面","category":"","pieces":1,"sum":450}],"returned":[],"given_up":[],"carried":[],"held_carts":0,"exceptions":[],"totals":{"sold":{"count":2,"sum":1050},"refunded":{"count":0,"sum":0},"net":1050}}',X'b01e582e22f4fc2dd273e051e9e43fd3a853489d0e289ff47fef628425b3f11e');
INSERT INTO z_reports VALUES(2,'z2',1795456094616,450,3,0,0,10,X'b0bbfae39d7a1736c0e526d4898e140466c5110784719d393654aaa8c76e8f81','{"head":{"shop":"小满便利店","legal_id":"","till":"T01","version":"0.1.0","number":2,"day":"2026-11-24","from":"2026-11-23T17:48:14.362Z","to":"2026-11-23T17:48:14.616Z","by":"","note":""},"takings":{"wechat_paid":{"count":1,"sum":450},"wechat_late":{"count":0,"sum":0},"wechat_surplus":{"count":0,"sum":0},"cash_sales":{"count":0,"sum":0},"cash_parts":{"count":0,"sum":0},"refunds":{"count":0,"sum":0},"refunds_by_hand":{"count":0,"sum":0},"refunds_closed":{"count":0,"sum":0},"cash_refunds":{"count":0,"sum":0},"closed_at_deadline":{"count":0,"sum":0},"closed_by_cancel":{"count":0,"sum":0},"closed_otherwise":{"count":0,"sum":0},"refused":{"count":0,"sum":0},"of_earlier_days":{"count":0,"sum":0},"hours":[{"hour":0,"sold":{"count":0,"sum":0}},{"hour":1,"sold":{"count":1,"sum":450}},{"hour":2,"sold":{"count":0,"sum":0}},{"hour":3,"sold":{"count":0,"sum":0}},{"hour":4,"sold":{"count":0,"sum":0}},{"hour":5,"sold":{"count":0,"sum":0}},{"hour":6,"sold":{"count":0,"sum":0}},{"hour":7,"sold":{"count":0,"sum":0}},{"hour":8,"sold":{"count":0,"sum":0}},{"hour":9,"sold":{"count":0,"sum":0}},{"hour":10,"sold":{"count":0,"sum":0}},{"hour":11,"sold":{"count":0,"sum":0}},{"hour":12,"sold":{"count":0,"sum":0}},{"hour":13,"sold":{"count":0,"sum":0}},{"hour":14,"sold":{"count":0,"sum":0}},{"hour":15,"sold":{"count":0,"sum":0}},{"hour":16,"sold":{"count":0,"sum":0}},{"hour":17,"sold":{"count":0,"sum":0}},{"hour":18,"sold":{"count":0,"sum":0}},{"hour":19,"sold":{"count":0,"sum":0}},{"hour":20,"sold":{"count":0,"sum":0}},{"hour":21,"sold":{"count":0,"sum":0}},{"hour":22,"sold":{"count":0,"sum":0}},{"hour":23,"sold":{"count":0,"sum":0}}]},"drawer":{"taken":{"count":0,"sum":0},"given_back":{"count":0,"sum":0},"paid_in":{"count":0,"sum":0},"paid_out":{"count":0,"sum":0},"moves":[],"shifts":[],"in_hand":{"count":0,"sum":0}},"items":[{"name":"康师傅红烧牛肉面","category":"方便面","pieces":1,"sum":450}],"categories":[{"name":"方便面","category":"","pieces":1,"sum":450}],"returned":[],"given_up":[],"carried":[],"held_carts":0,"exceptions":[],"totals":{"sold":{"count":3,"sum":1500},"refunded":{"count":0,"sum":0},"net":1500}}',X'61e378dd524494832c73bac7bfed41a9683c2b61ba2a2280bfcf6314a5252ece');
CREATE TABLE cash_refunds (
              id INTEGER PRIMARY KEY REFERENCES cash_moves (id), -- the movement that it is
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL CHECK (nth > 0), -- the sale's first is 1
              goods TEXT NOT NULL CHECK (goods IN ('stay', 'back')),
              approved_by TEXT NOT NULL
          ) STRICT;
CREATE TABLE cash_refund_lines (
              cash_refund INTEGER NOT NULL REFERENCES cash_refunds (id),
              line INTEGER NOT NULL, -- its number in the sale
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (cash_refund, line)
          ) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "bookings" (
                  id INTEGER PRIMARY KEY,
                  about TEXT NOT NULL CHECK (about IN ('order', 'refund', 'sale', 'cash_refund')),
                  subject INTEGER NOT NULL, -- its id in attempts, refunds, sales or cash_refunds
                  what TEXT NOT NULL,
                  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
                  at INTEGER NOT NULL, -- UTC milliseconds: the day it belongs to
                  reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)) -- takes back the subject's entry before it
              ) STRICT;
INSERT INTO bookings VALUES(1,'order',1,'wechat_paid',850,1795456093000,0);
INSERT INTO bookings VALUES(2,'order',2,'wechat_paid',200,1795456094000,0);
INSERT INTO bookings VALUES(3,'order',3,'wechat_paid',450,1795456094000,0);
CREATE INDEX products_by_name ON products (name) WHERE barcode IS NULL;
CREATE UNIQUE INDEX attempts_of_sale ON attempts (sale_id, nth);
CREATE INDEX attempts_live ON attempts (sale_id) WHERE is_final = 0;
CREATE INDEX attempts_in_review ON attempts (sale_id) WHERE state = 'review';
CREATE INDEX attempts_by_placed_at ON attempts (placed_at);
CREATE INDEX attempts_by_paid_at ON attempts (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX attempts_by_transaction_id ON attempts (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX attempts_by_total_fee ON attempts (total_fee);
CREATE INDEX evidence_of_order ON evidence (out_trade_no);
CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_overwritten BEFORE INSERT ON journal
          WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE UNIQUE INDEX users_by_name ON users (name) WHERE on_duty = 1;
CREATE TRIGGER users_are_not_taken_out BEFORE DELETE ON users
          BEGIN SELECT RAISE(ABORT, 'a user is put off duty, not taken out'); END;
CREATE UNIQUE INDEX one_shift_is_open ON shifts ((closed_at IS NULL)) WHERE closed_at IS NULL;
CREATE INDEX shifts_by_closed_at ON shifts (closed_at);
CREATE TRIGGER closed_shifts_are_not_changed BEFORE UPDATE ON shifts WHEN OLD.closed_at IS NOT NULL
          BEGIN SELECT RAISE(ABORT, 'a closed shift is not changed'); END;
CREATE TRIGGER shifts_are_not_taken_out BEFORE DELETE ON shifts
          BEGIN SELECT RAISE(ABORT, 'a shift is not taken out'); END;
CREATE INDEX cash_moves_of_sale ON cash_moves (sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX cash_moves_of_shift ON cash_moves (shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX cash_moves_by_at ON cash_moves (at);
CREATE TRIGGER cash_moves_are_not_changed BEFORE UPDATE ON cash_moves
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;
CREATE TRIGGER cash_moves_are_not_overwritten BEFORE INSERT ON cash_moves
          WHEN EXISTS (SELECT 1 FROM cash_moves WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;
CREATE TRIGGER cash_moves_are_not_taken_out BEFORE DELETE ON cash_moves
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;
CREATE INDEX sales_by_paid_at ON sales (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX sales_with_cash_in_hand ON sales (id) WHERE cash_in_hand_fen > 0;
CREATE INDEX inbox_dead_letters ON inbox (id) WHERE became = 'dead_letter';
CREATE INDEX bills_by_date ON bills (bill_date, id);
CREATE TRIGGER bills_are_not_changed BEFORE UPDATE ON bills
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;
CREATE TRIGGER bills_are_not_overwritten BEFORE INSERT ON bills
          WHEN EXISTS (SELECT 1 FROM bills WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;
CREATE TRIGGER bills_are_not_taken_out BEFORE DELETE ON bills
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;
CREATE INDEX bill_notes_by_date ON bill_notes (bill_date, id);
CREATE TRIGGER bill_notes_are_not_changed BEFORE UPDATE ON bill_notes
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;
CREATE TRIGGER bill_notes_are_not_overwritten BEFORE INSERT ON bill_notes
          WHEN EXISTS (SELECT 1 FROM bill_notes WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;
CREATE TRIGGER bill_notes_are_not_taken_out BEFORE DELETE ON bill_notes
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;
CREATE INDEX sign_offs_by_date ON sign_offs (bill_date, id);
CREATE TRIGGER sign_offs_are_not_changed BEFORE UPDATE ON sign_offs
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;
CREATE TRIGGER sign_offs_are_not_overwritten BEFORE INSERT ON sign_offs
          WHEN EXISTS (SELECT 1 FROM sign_offs WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;
CREATE TRIGGER sign_offs_are_not_taken_out BEFORE DELETE ON sign_offs
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;
CREATE UNIQUE INDEX refunds_of_order ON refunds (out_trade_no, nth);
CREATE INDEX refunds_open ON refunds (id) WHERE is_final = 0;
CREATE INDEX refunds_by_wished_at ON refunds (wished_at);
CREATE INDEX refunds_by_sent_at ON refunds (sent_at) WHERE sent_at IS NOT NULL;
CREATE TRIGGER refunds_are_no_more_than_was_paid BEFORE INSERT ON refunds
          WHEN NEW.refund_fee > NEW.paid_fee - ifnull(
              (SELECT sum(refund_fee) FROM refunds WHERE out_trade_no = NEW.out_trade_no AND counts = 1), 0)
          BEGIN SELECT RAISE(ABORT, 'more than was paid'); END;
CREATE TRIGGER refunds_are_not_taken_out BEFORE DELETE ON refunds
          BEGIN SELECT RAISE(ABORT, 'a refund is given up, not taken out'); END;
CREATE INDEX evidence_of_refund ON evidence (out_refund_no) WHERE out_refund_no IS NOT NULL;
CREATE TRIGGER z_reports_have_no_gap BEFORE INSERT ON z_reports
          WHEN NEW.number <> ifnull((SELECT max(number) FROM z_reports), 0) + 1
          BEGIN SELECT RAISE(ABORT, 'a Z has the next number'); END;
CREATE TRIGGER z_reports_are_not_changed BEFORE UPDATE ON z_reports
          BEGIN SELECT RAISE(ABORT, 'a Z stays as it was made'); END;
CREATE TRIGGER z_reports_are_not_taken_out BEFORE DELETE ON z_reports
          BEGIN SELECT RAISE(ABORT, 'a Z stays as it was made'); END;
CREATE UNIQUE INDEX cash_refunds_of_sale ON cash_refunds (sale_id, nth);
CREATE TRIGGER cash_refunds_are_not_changed BEFORE UPDATE ON cash_refunds
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
CREATE TRIGGER cash_refunds_are_not_overwritten BEFORE INSERT ON cash_refunds
          WHEN EXISTS (SELECT 1 FROM cash_refunds WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
CREATE TRIGGER cash_refunds_are_not_taken_out BEFORE DELETE ON cash_refunds
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
CREATE TRIGGER no_more_cash_goes_back_than_was_taken BEFORE INSERT ON cash_moves
          WHEN NEW.kind IN ('given_back', 'refund') AND NEW.amount_fen > ifnull(
              (SELECT sum(CASE kind WHEN 'sale' THEN amount_fen ELSE -amount_fen END)
               FROM cash_moves WHERE sale_id = NEW.sale_id), 0)
          BEGIN SELECT RAISE(ABORT, 'more than was taken'); END;
CREATE INDEX bookings_of_subject ON bookings (about, subject);
CREATE TRIGGER bookings_are_not_changed BEFORE UPDATE ON bookings
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
CREATE TRIGGER bookings_are_not_overwritten BEFORE INSERT ON bookings
              WHEN EXISTS (SELECT 1 FROM bookings WHERE id = NEW.id)
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
CREATE TRIGGER bookings_are_not_taken_out BEFORE DELETE ON bookings
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
CREATE INDEX sales_by_total_fee ON sales (total_fee);
CREATE INDEX journal_by_what ON journal (what);
COMMIT;
PRAGMA user_version = 2026112491;
