//! Notifications: content, schedule, replies, faults.

use jiff::{SignedDuration, Timestamp};
use wechat_pay::{Fields, SignError, SignType, sign};
use wechat_pay_sim::{NotifyFault, NotifyPost, RETRY_AFTER, Times};

use crate::desk::{Desk, key, order, read, signed};

const OK: &[u8] =
    b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

fn paid() -> Desk {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "100");
    desk.pay("T1-261123-1");
    desk
}

fn fields(post: &NotifyPost) -> Fields {
    Fields::from_xml(&post.body, 64 * 1024).unwrap()
}

/// Steps to the next due time and gives what goes out then.
fn next(desk: &mut Desk) -> Vec<NotifyPost> {
    desk.now = desk.gateway.next_notify().unwrap();
    desk.gateway.notifies_due(desk.now)
}

#[test]
fn a_notify_has_the_signature_type_of_its_order_and_no_sign_type() {
    for kind in [SignType::Md5, SignType::HmacSha256] {
        let mut desk = Desk::new();
        let body = signed(&order("T1-261123-1", "100"), kind);
        read(&desk.gateway.answer(desk.now, "/pay/unifiedorder", &body, false));
        let receipt = desk.pay("T1-261123-1");
        let posts = next(&mut desk);
        assert_eq!(posts.len(), 1, "one notification for one payment");
        assert_eq!(
            posts[0].url, "http://127.0.0.1:9/notify",
            "it goes to the order's notify_url"
        );
        let notify = fields(&posts[0]);
        assert_eq!(
            sign::verify(&notify, &key(), Some(kind)),
            Ok(kind),
            "signed with the type of unifiedorder"
        );
        assert_eq!(
            notify.get("sign_type"),
            None,
            "in practice it carries no sign_type"
        );
        assert_eq!(
            notify.get("trade_state"),
            None,
            "V2 notifications carry no trade_state"
        );
        assert_eq!(
            notify.get("transaction_id"),
            Some(receipt.transaction_id.as_str()),
            "the payment's number"
        );
        assert_eq!(notify.get("attach"), Some("a,`b"), "attach comes back as it was");
    }
    let mut desk = Desk::new();
    desk.gateway.rules_mut().notify_sign_type = true;
    desk.place("T1-261123-1", "100");
    desk.pay("T1-261123-1");
    let notify = fields(&next(&mut desk)[0]);
    assert_eq!(notify.get("sign_type"), Some("HMAC-SHA256"), "by switch it does");
    assert!(
        sign::verify(&notify, &key(), None).is_ok(),
        "and then it is part of the signature"
    );
}

#[test]
fn fault_49_the_schedule_is_fifteen_repeats_in_24_h_4_min() {
    let total = RETRY_AFTER
        .iter()
        .fold(SignedDuration::ZERO, |sum, pause| sum + *pause);
    assert_eq!(
        total,
        SignedDuration::from_mins(24 * 60 + 4),
        "the documents' own sum"
    );
    let mut desk = paid();
    let first = next(&mut desk);
    let start = desk.now;
    assert_eq!(first[0].attempt, 1, "the first post goes out at once");
    let mut last = start;
    for (n, pause) in RETRY_AFTER.iter().enumerate() {
        let posts = next(&mut desk);
        assert_eq!(
            desk.now.duration_since(last),
            *pause,
            "repeat {} keeps its pause",
            n + 1
        );
        assert_eq!(posts[0].body, first[0].body, "a repeat is the same message");
        assert!(
            !desk.gateway.notify_answered(desk.now, posts[0].id.unwrap(), None),
            "no reply is no acceptance"
        );
        last = desk.now;
    }
    assert_eq!(
        last.duration_since(start),
        total,
        "the last repeat is 24 h 4 min after the first post"
    );
    assert_eq!(desk.gateway.next_notify(), None, "then WeChat gives up");
}

#[test]
fn only_xml_that_says_success_ends_a_notify() {
    for reply in [
        b"".as_slice(),
        b"ok",
        b"success",
        b"SUCCESS",
        b"{\"return_code\":\"SUCCESS\"}",
        b"<html><body>SUCCESS</body></html>",
        b"<xml><return_code>FAIL</return_code></xml>",
        b"<xml><return_code>success</return_code></xml>",
        b"<xml>\\n<return_code>SUCCESS</return_code></xml>",
        b"<xml><return_code>SUCCESS</return_code></xml>trailing",
        b"<!DOCTYPE xml><xml><return_code>SUCCESS</return_code></xml>",
    ] {
        let mut desk = paid();
        let id = next(&mut desk)[0].id.unwrap();
        assert!(
            !desk.gateway.notify_answered(desk.now, id, Some(reply)),
            "{} isn't the answer",
            String::from_utf8_lossy(reply)
        );
        assert_eq!(next(&mut desk)[0].attempt, 2, "so it is sent again");
    }
    for reply in [
        OK,
        b"<xml><return_code>SUCCESS</return_code></xml>",
        b"<xml>\n  <return_code>SUCCESS</return_code>\n</xml>\n",
    ] {
        let mut desk = paid();
        let id = next(&mut desk)[0].id.unwrap();
        assert!(
            desk.gateway.notify_answered(desk.now, id, Some(reply)),
            "{} is the answer",
            String::from_utf8_lossy(reply)
        );
        assert_eq!(desk.gateway.next_notify(), None, "and nothing is sent again");
    }
}

#[test]
fn a_reply_after_five_seconds_counts_for_nothing() {
    let mut desk = paid();
    let id = next(&mut desk)[0].id.unwrap();
    let late: Timestamp = desk.now + SignedDuration::from_millis(5001);
    assert!(
        !desk.gateway.notify_answered(late, id, Some(OK)),
        "WeChat has hung up by then"
    );
    assert!(desk.gateway.next_notify().is_some(), "it will be sent again");
}

#[test]
fn lost_doubled_late_and_forged_notifies() {
    let mut desk = paid();
    desk.gateway
        .faults_mut()
        .notify
        .set(NotifyFault::Lost, Times::Count(1));
    assert_eq!(next(&mut desk), [], "the first post never arrives");
    assert_eq!(next(&mut desk)[0].attempt, 2, "the schedule goes on");

    let mut desk = paid();
    desk.gateway
        .faults_mut()
        .notify
        .set(NotifyFault::Doubled, Times::Count(1));
    let twins = next(&mut desk);
    assert_eq!(
        (twins.len(), &twins[0]),
        (2, &twins[1]),
        "two equal posts at the same instant"
    );
    let id = twins[0].id.unwrap();
    assert!(
        desk.gateway.notify_answered(desk.now, id, Some(OK)),
        "the first reply is taken"
    );
    assert!(
        !desk.gateway.notify_answered(desk.now, id, Some(OK)),
        "the second finds nothing to end"
    );

    let mut desk = Desk::new();
    desk.gateway.faults_mut().notify.late_ms = 600_000;
    desk.gateway
        .faults_mut()
        .notify
        .set(NotifyFault::Late, Times::Count(1));
    desk.place("T1-261123-1", "100");
    desk.pay("T1-261123-1");
    let start = desk.now;
    next(&mut desk);
    assert!(
        desk.now.duration_since(start) >= SignedDuration::from_mins(10),
        "ten minutes late"
    );

    let mut desk = paid();
    desk.gateway
        .faults_mut()
        .notify
        .set(NotifyFault::Forged, Times::Count(1));
    desk.gateway
        .faults_mut()
        .notify
        .set(NotifyFault::WrongAmount, Times::Count(1));
    let posts = next(&mut desk);
    assert_eq!(posts.len(), 3, "the forged one, the wrong one, then the true one");
    assert_eq!(
        sign::verify(&fields(&posts[0]), &key(), None),
        Err(SignError::Wrong),
        "signed with another key"
    );
    assert!(
        sign::verify(&fields(&posts[1]), &key(), None).is_ok(),
        "rightly signed"
    );
    assert_eq!(
        fields(&posts[1]).get("total_fee"),
        Some("101"),
        "but with a fen more"
    );
    assert!(
        sign::verify(&fields(&posts[2]), &key(), None).is_ok(),
        "the true one follows"
    );
    assert_eq!(
        (posts[0].id, posts[1].id),
        (None, None),
        "replies to false ones are read by nobody"
    );
}
