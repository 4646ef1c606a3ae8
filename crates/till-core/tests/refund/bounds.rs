//! What may be given back: the bounds, by example.

use jiff::SignedDuration;

use super::*;

#[test]
fn what_is_out_of_bounds_is_refused_before_anything_is_saved() {
    let now = start();
    let some = |part| bounds(now, &[]).and_then(|bounds| bounds.wish(part));
    let of = |line, pieces| Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(line),
            pieces,
        }],
        goods_back: false,
    };
    assert_eq!(
        some(Part::Amount(Fen::ZERO)),
        Err(RefundRefusal::Nothing),
        "no money is no refund"
    );
    assert_eq!(
        some(Part::Amount(Fen::new(-1))),
        Err(RefundRefusal::Nothing),
        "less even less"
    );
    assert_eq!(
        some(Part::Amount(Fen::new(2981))),
        Err(RefundRefusal::MoreThanLeft { left: PAID }),
        "a fen more than was paid"
    );
    assert_eq!(
        some(of(9, 1)),
        Err(RefundRefusal::NoSuchLine),
        "the sale has two lines"
    );
    assert_eq!(some(of(1, 0)), Err(RefundRefusal::Nothing), "no pieces");
    assert_eq!(
        some(of(1, 4)),
        Err(RefundRefusal::MorePiecesThanLeft { left: 3 }),
        "three were sold"
    );
    let twice = Part::Lines {
        lines: vec![
            RefundLine {
                line: LineNo(1),
                pieces: 2,
            };
            2
        ],
        goods_back: false,
    };
    assert_eq!(
        some(twice),
        Err(RefundRefusal::NoSuchLine),
        "one line named twice is not twice the pieces"
    );
    let year = now + SignedDuration::from_hours(365 * 24);
    assert!(bounds(year, &[]).is_ok(), "a year to the second");
    assert_eq!(
        bounds(year + SignedDuration::from_secs(1), &[]),
        Err(RefundRefusal::TooLate),
        "and a second more"
    );
    let mut other = payment();
    other.fee_type = "HKD".to_owned();
    assert_eq!(
        RefundBounds::of(now, &order(), &other, &sold(&[], &[], &[])),
        Err(RefundRefusal::OtherCurrency),
        "yuan are not given back for dollars"
    );
    let lines = lines();
    let on_the_shelf = Sold {
        stock: StockHold::Returned,
        ..sold(&lines, &[], &[])
    };
    let held = RefundBounds::of(now, &order(), &payment(), &on_the_shelf).unwrap();
    assert_eq!(
        held.wish(Part::Whole { goods_back: true }),
        Err(RefundRefusal::GoodsNotSold),
        "goods that never left the shelf can't come back to it"
    );
}

#[test]
fn fifty_parts_and_not_one_more_each_a_minute_after_the_last() {
    let timing = Timing::default();
    let mut now = start();
    let mut refunds = Vec::new();
    for _ in 0..REFUND_PARTS_MAX {
        wished(now, &mut refunds, Part::Amount(Fen::new(1))).unwrap();
        let it = refunds.last_mut().unwrap();
        let due = it.refund.next.unwrap();
        let (early, _) = it.refund.clone().handle(
            due.at - SignedDuration::from_millis(1),
            &timing,
            RefundInput::Leaving,
        );
        assert_eq!(
            early.state,
            RefundState::Waiting,
            "nothing leaves before its time"
        );
        now = due.at;
        it.refund = sent(it.refund.clone(), now, accepted());
    }
    assert!(
        now.duration_since(start()) >= SignedDuration::from_mins(49),
        "fifty parts take 49 minutes"
    );
    assert_eq!(
        bounds(now, &refunds).unwrap_err(),
        RefundRefusal::TooManyParts,
        "WeChat takes fifty"
    );
}

#[test]
fn a_line_a_sum_and_the_rest_make_the_whole() {
    let mut now = start();
    let mut refunds = Vec::new();
    let parts = [
        (
            Part::Lines {
                lines: vec![RefundLine {
                    line: LineNo(1),
                    pieces: 2,
                }],
                goods_back: true,
            },
            1000,
        ),
        (Part::Amount(Fen::new(80)), 80),
        (Part::Whole { goods_back: false }, 1900),
    ];
    for (part, fen) in parts {
        wished(now, &mut refunds, part).unwrap();
        let it = refunds.last_mut().unwrap();
        assert_eq!(
            it.refund.refund_fee,
            Fen::new(fen),
            "the part comes to that, to the fen"
        );
        now = it.refund.next.unwrap().at;
        it.refund = sent(it.refund.clone(), now, accepted());
    }
    assert_eq!(sum_of(&refunds, Refund::counts), PAID, "together what was paid");
    assert_eq!(
        refunds[2].lines,
        [
            RefundLine {
                line: LineNo(1),
                pieces: 1
            },
            RefundLine {
                line: LineNo(2),
                pieces: 1
            }
        ],
        "the rest names the pieces that are left"
    );
    assert_eq!(
        (refunds[0].refund.goods, refunds[2].refund.goods),
        (Goods::Back, Goods::Stay),
        "two pieces are back, two are not"
    );
    assert_eq!(
        bounds(now, &refunds),
        Err(RefundRefusal::NothingLeft),
        "and nothing is left"
    );
}

#[test]
fn a_reason_is_what_wechat_takes() {
    for bad in ["", "   ", &"长".repeat(27), "two\nlines"] {
        assert_eq!(
            RefundReason::parse(bad),
            Err(RefundRefusal::Reason),
            "{bad:?} is not 1 to 80 bytes in one line"
        );
    }
    let reason = RefundReason::parse(" 商品有瑕疵 ").unwrap();
    assert_eq!(
        reason.as_str(),
        "商品有瑕疵",
        "blanks at the ends are signed differently by different SDKs"
    );
}
