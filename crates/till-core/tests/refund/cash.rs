//! Refunds in cash: never more than was kept, whatever is asked for and in whatever order; goods shared with WeChat's part.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// All of it in cash, or ten yuan of it and the rest by an order.
fn in_cash(cash: Fen) -> Sale {
    let timing = Timing::default();
    let (sale, _) = Sale::rung_up(SaleId(7), PAID)
        .take_cash(cash, start(), &timing)
        .unwrap();
    if cash == PAID {
        return sale;
    }
    sale.pay_again(order(), start(), &timing).unwrap().0
}

fn told(sale: Sale, input: Input) -> Sale {
    sale.handle(start(), &Timing::default(), &order(), input).0
}

fn rest() -> Payment {
    let rest = Fen::new(1980);
    Payment {
        total_fee: rest,
        cash_fee: rest,
        ..payment()
    }
}

fn of(sale: &Sale, cash_refunds: &[CashRefund]) -> Result<CashRefundBounds, RefundRefusal> {
    CashRefundBounds::of(sale, &sold(&lines(), &[], cash_refunds))
}

fn pieces(line: u32, pieces: u32, goods_back: bool) -> Part {
    let line = LineNo(line);
    Part::Lines {
        lines: vec![RefundLine { line, pieces }],
        goods_back,
    }
}

fn given(sale: &Sale, so_far: &mut Vec<CashRefund>, part: Part) -> Result<Fen, RefundRefusal> {
    let wish = of(sale, so_far)?.wish(part)?;
    so_far.push(wish.refund().clone());
    Ok(wish.refund().amount)
}

#[test]
fn a_sale_in_cash_goes_back_by_line_by_amount_and_whole() {
    let sale = in_cash(PAID);
    let mut back = Vec::new();
    assert_eq!(
        given(&sale, &mut back, pieces(1, 2, true)),
        Ok(Fen::new(1000)),
        "two pieces at the price they were sold for"
    );
    assert_eq!(
        given(&sale, &mut back, Part::Amount(Fen::new(480))),
        Ok(Fen::new(480)),
        "an amount, and no goods with it"
    );
    assert_eq!(
        given(&sale, &mut back, pieces(1, 2, false)),
        Err(RefundRefusal::MorePiecesThanLeft { left: 1 }),
        "one of three pieces is left"
    );
    assert_eq!(
        given(&sale, &mut back, Part::Amount(Fen::new(1501))),
        Err(RefundRefusal::MoreThanLeft { left: Fen::new(1500) }),
        "a fen more than is left"
    );
    assert_eq!(
        given(&sale, &mut back, Part::Whole { goods_back: true }),
        Ok(Fen::new(1500)),
        "the rest, money and pieces"
    );
    assert_eq!(
        of(&sale, &back),
        Err(RefundRefusal::NothingLeft),
        "then nothing is left"
    );
    let names: Vec<String> = back.iter().map(|it| it.number.to_string()).collect();
    assert_eq!(names, ["7-R1", "7-R2", "7-R3"], "each has a name of its own");
    let booked: Vec<Booking> = back.iter().map(|it| it.booked(start())).collect();
    assert!(
        booked
            .iter()
            .all(|it| it.what == Booked::CashRefund && it.goes_out() && it.moves_money()),
        "and is on the books as money that went out"
    );
}

#[test]
fn only_cash_that_a_sale_was_made_of_is_refunded() {
    let part = Fen::new(1000);
    let waiting = in_cash(part);
    assert_eq!(
        of(&waiting, &[]),
        Err(RefundRefusal::NotPaid),
        "a part in hand is given back, not refunded: the rest was never paid"
    );
    let by_notify = told(waiting.clone(), Input::Notify(rest()));
    assert_eq!(
        of(&by_notify, &[]),
        Err(RefundRefusal::NotConfirmed),
        "a notify that WeChat denies later would make the cash one that no sale was made of: given back twice"
    );
    let paid = told(by_notify, Input::Query(QueryAnswer::Paid(rest())));
    assert_eq!(
        of(&paid, &[]).map(|it| it.left()),
        Ok(part),
        "of a split sale, the cash part and no more"
    );
    let all_by_wechat = told(
        Sale::new(SaleId(7), PAID, order(), start(), &Timing::default()),
        Input::Query(QueryAnswer::Paid(payment())),
    );
    assert!(all_by_wechat.is_paid(), "the order has paid it");
    assert_eq!(
        of(&all_by_wechat, &[]),
        Err(RefundRefusal::NothingLeft),
        "no cash was kept"
    );
}

#[test]
fn change_and_what_was_given_back_are_not_kept() {
    let sale = in_cash(PAID);
    assert_eq!(
        (sale.cash_kept(), sale.cash_in_hand()),
        (PAID, Fen::ZERO),
        "what was due stays; the change has gone with the customer"
    );
    let part = in_cash(Fen::new(1000));
    assert_eq!(
        part.cash_kept(),
        Fen::ZERO,
        "nothing is kept for a sale that is not one yet"
    );
}

#[test]
fn the_two_parts_of_a_split_sale_have_bounds_of_their_own_and_share_the_goods() {
    let sale = told(in_cash(Fen::new(1000)), Input::Query(QueryAnswer::Paid(rest())));
    let all = lines();
    let mut in_cash = Vec::new();
    given(&sale, &mut in_cash, pieces(1, 2, true)).unwrap();
    assert_eq!(
        of(&sale, &in_cash),
        Err(RefundRefusal::NothingLeft),
        "ten yuan of cash are gone"
    );
    let at_wechat = RefundBounds::of(start(), &order(), &rest(), &sold(&all, &[], &in_cash)).unwrap();
    assert_eq!(at_wechat.left(), Fen::new(1980), "WeChat's part is untouched");
    let left: Vec<(u32, u32)> = at_wechat.lines().iter().map(|it| (it.pieces, it.goods)).collect();
    assert_eq!(
        left,
        [(1, 1), (1, 1)],
        "but two pieces are back, for whichever money"
    );
    assert_eq!(
        at_wechat.wish(pieces(1, 2, false)),
        Err(RefundRefusal::MorePiecesThanLeft { left: 1 }),
        "a piece is given back once"
    );

    let wish = RefundBounds::of(start(), &order(), &rest(), &sold(&all, &[], &[]))
        .unwrap()
        .wish(pieces(2, 1, true))
        .unwrap();
    let refund = Refund::new(&wish, start());
    let earlier = [EarlierRefund {
        refund,
        on_bill: false,
        lines: wish.lines().to_vec(),
    }];
    let cash = CashRefundBounds::of(&sale, &sold(&all, &earlier, &[])).unwrap();
    assert_eq!(
        (cash.left(), cash.lines()[1].pieces, cash.lines()[1].goods),
        (Fen::new(1000), 0, 0),
        "and the other way round"
    );
}

#[test]
fn goods_that_were_not_sold_do_not_come_back() {
    let sale = in_cash(PAID);
    let mut back = Vec::new();
    given(&sale, &mut back, pieces(2, 1, true)).unwrap();
    assert_eq!(
        given(&sale, &mut back, Part::Whole { goods_back: true }),
        Ok(Fen::new(1500)),
        "the pieces that are left"
    );
    let all = lines();
    let on_the_shelf = Sold {
        stock: StockHold::Returned,
        ..sold(&all, &[], &[])
    };
    let bounds = CashRefundBounds::of(&sale, &on_the_shelf).unwrap();
    assert_eq!(
        bounds.wish(Part::Whole { goods_back: true }),
        Err(RefundRefusal::GoodsNotSold),
        "goods that are on the shelf can't be put there"
    );
    assert!(
        bounds.wish(Part::Whole { goods_back: false }).is_ok(),
        "their money can go back all the same"
    );
}

fn any_part() -> impl Strategy<Value = Part> {
    let lines = prop::collection::vec((0u32..4, 0u32..5), 0..4).prop_map(|lines| {
        let line = |(line, pieces)| RefundLine {
            line: LineNo(line),
            pieces,
        };
        lines.into_iter().map(line).collect::<Vec<_>>()
    });
    prop_oneof![
        1 => any::<bool>().prop_map(|goods_back| Part::Whole { goods_back }),
        4 => (lines, any::<bool>()).prop_map(|(lines, goods_back)| Part::Lines { lines, goods_back }),
        2 => (-1i64..3_000).prop_map(|fen| Part::Amount(Fen::new(fen))),
        1 => Just(Part::Amount(Fen::new(i64::MAX))),
    ]
}

proptest! {
    #[test]
    fn never_more_than_was_kept_and_no_piece_twice(
        cash in prop_oneof![Just(1i64), Just(1_000), Just(2_979), Just(2_980)],
        wishes in prop::collection::vec((any::<bool>(), any_part()), 0..40),
    ) {
        let sale = in_cash(Fen::new(cash));
        let wechat = Fen::new(2_980 - cash);
        let paid = Payment { total_fee: wechat, cash_fee: wechat, ..payment() };
        let sale = if cash == 2_980 { sale } else { told(sale, Input::Query(QueryAnswer::Paid(paid.clone()))) };
        prop_assert!(sale.is_paid(), "the whole sum is there");
        let all = lines();
        let (mut in_cash, mut at_wechat) = (Vec::<CashRefund>::new(), Vec::<EarlierRefund>::new());
        let mut now = start();
        for (by_cash, part) in wishes {
            now += SignedDuration::from_mins(2);
            let so_far = sold(&all, &at_wechat, &in_cash);
            if by_cash || cash == 2_980 {
                let wish = CashRefundBounds::of(&sale, &so_far).and_then(|it| it.wish(part));
                if let Ok(wish) = wish {
                    prop_assert_eq!(wish.refund().number.nth as usize, in_cash.len() + 1, "numbered without a gap");
                    in_cash.push(wish.refund().clone());
                }
            } else if let Ok(wish) = RefundBounds::of(now, &order(), &paid, &so_far).and_then(|it| it.wish(part)) {
                let refund = sent(Refund::new(&wish, now), now, accepted());
                at_wechat.push(EarlierRefund { refund, lines: wish.lines().to_vec(), on_bill: false });
            }
            let back = Fen::sum(in_cash.iter().map(|it| it.amount)).unwrap();
            prop_assert!(back <= Fen::new(cash), "{} of {} fen kept", back, cash);
            prop_assert!(sum_of(&at_wechat, Refund::counts) <= wechat, "nor more than WeChat took");
            prop_assert!(in_cash.iter().all(|it| it.amount > Fen::ZERO), "no refund is of nothing");
            for line in &all {
                let of_line = |lines: &[RefundLine]| -> u32 {
                    lines.iter().filter(|it| it.line == line.line).map(|it| it.pieces).sum()
                };
                let cash_pieces: u32 = in_cash.iter().map(|it| of_line(&it.lines)).sum();
                let wechat_pieces: u32 = at_wechat.iter().map(|it| of_line(&it.lines)).sum();
                prop_assert!(cash_pieces + wechat_pieces <= line.pieces, "no piece is given back twice");
            }
        }
    }
}
