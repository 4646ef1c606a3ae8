//! Asking less for a line than its list price: to the fen, within the limit of the house, never below nothing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use till_core::*;

const TENTH: DiscountLimit = DiscountLimit::Percent(10);

fn product(id: i64, price: i64) -> Product {
    Product {
        id: ProductId(id),
        name: format!("product {id}"),
        barcode: None,
        price: Price::Fixed(Fen::new(price)),
        category: "饮料".to_owned(),
        available: None,
    }
}

fn of(price: i64, pieces: u32) -> (Cart, LineNo) {
    let mut cart = Cart::default();
    cart.add(&product(1, price), None).unwrap();
    let line = cart.lines()[0].line;
    cart.set_pieces(line, pieces).unwrap();
    (cart, line)
}

fn asked(cart: &Cart) -> Vec<(i64, u32)> {
    cart.lines()
        .iter()
        .map(|line| (line.price.get(), line.pieces))
        .collect()
}

#[test]
fn a_new_price_stands_beside_the_list_price() {
    let (mut cart, line) = of(1999, 2);
    let done = cart
        .reprice(line, PriceWish::Each(Fen::new(1800)), TENTH, None)
        .unwrap();
    assert_eq!(
        (done.before, done.after),
        (Fen::new(3998), Fen::new(3600)),
        "for both pieces"
    );
    assert_eq!(
        cart.total(),
        Ok(Fen::new(3600)),
        "the customer owes what is asked"
    );
    let lowered = &cart.lines()[0];
    assert_eq!(
        (lowered.list_price(), lowered.off()),
        (Fen::new(1999), Ok(Fen::new(398))),
        "what it costs otherwise is not forgotten"
    );
    cart.set_pieces(line, 3).unwrap();
    assert_eq!(cart.total(), Ok(Fen::new(5400)), "one more piece costs the same");
    cart.add(&product(1, 1999), None).unwrap();
    assert_eq!(
        asked(&cart),
        [(1800, 3), (1999, 1)],
        "one that is scanned costs the list price"
    );
    cart.reprice(line, PriceWish::List, TENTH, None).unwrap();
    assert_eq!(
        cart.lines()[0].reduction,
        None,
        "and the list price may be asked again"
    );
    assert_eq!(cart.total(), Ok(Fen::new(7996)), "for all four");
}

#[test]
fn an_amount_off_is_shared_by_the_pieces_to_the_fen() {
    for (price, pieces, off, expected) in [
        (1000, 3, 300, vec![(900, 3)]),
        (1000, 3, 100, vec![(966, 1), (967, 2)]),
        (1000, 3, 1, vec![(999, 1), (1000, 2)]),
        (29, 7, 1, vec![(28, 1), (29, 6)]),
        (500, 2, 1000, vec![(0, 2)]),
    ] {
        let (mut cart, line) = of(price, pieces);
        cart.reprice(
            line,
            PriceWish::Off(Fen::new(off)),
            DiscountLimit::Percent(100),
            None,
        )
        .unwrap();
        assert_eq!(asked(&cart), expected, "{off} fen off {pieces} × {price}");
        assert_eq!(
            cart.total(),
            Ok(Fen::new(price * i64::from(pieces) - off)),
            "just that is taken off, {off} fen off {pieces} × {price}"
        );
        assert!(
            cart.lines()
                .iter()
                .all(|line| line.reduction.is_some() == (line.price < Fen::new(price))),
            "a piece at its list price is not lowered: {:?}",
            cart.lines()
        );
    }
}

#[test]
fn past_the_limit_a_manager_answers_for_just_these_pieces() {
    let (mut cart, line) = of(1000, 2);
    let before = cart.clone();
    let wish = PriceWish::Each(Fen::new(899));
    assert_eq!(
        cart.reprice(line, wish, TENTH, None),
        Err(CartError::OverLimit),
        "more than a tenth off"
    );
    assert_eq!(cart, before, "and nothing has changed");
    cart.reprice(line, wish, TENTH, Some("店长")).unwrap();
    let by = cart.lines()[0].reduction.clone().and_then(|it| it.approved_by);
    assert_eq!(by.as_deref(), Some("店长"), "who approved it is on the line");
    assert_eq!(
        cart.set_pieces(line, 3),
        Err(CartError::ApprovedForFewer),
        "a third piece was not looked at"
    );
    cart.set_pieces(line, 1).unwrap();
    cart.reprice(line, PriceWish::Each(Fen::new(900)), TENTH, Some("店长"))
        .unwrap();
    let by = cart.lines()[0].reduction.clone().and_then(|it| it.approved_by);
    assert_eq!(by, None, "within the limit nobody has to answer for it");
}

#[test]
fn a_price_is_never_raised_nor_below_nothing() {
    let (mut cart, line) = of(1000, 2);
    let before = cart.clone();
    let all = DiscountLimit::Percent(100);
    for (wish, why) in [
        (PriceWish::Each(Fen::new(1001)), CartError::AboveListPrice),
        (PriceWish::Each(Fen::new(-1)), CartError::PriceOutOfRange),
        (PriceWish::Off(Fen::new(2001)), CartError::PriceOutOfRange),
        (PriceWish::Off(Fen::ZERO), CartError::PriceOutOfRange),
        (PriceWish::Off(Fen::new(-5)), CartError::PriceOutOfRange),
    ] {
        assert_eq!(cart.reprice(line, wish, all, None), Err(why), "{wish:?}");
    }
    assert_eq!(
        cart.reprice(LineNo(99), PriceWish::List, all, None),
        Err(CartError::NoSuchLine),
        "no such line"
    );
    assert_eq!(cart, before, "after all that the cart is as it was");
    cart.reprice(line, PriceWish::Each(Fen::ZERO), all, None).unwrap();
    assert_eq!(
        cart.to_pay(),
        Err(CartError::NothingToPay),
        "a gift alone is no sale"
    );
    cart.add(&product(2, 1), None).unwrap();
    assert_eq!(cart.to_pay(), Ok(Fen::new(1)), "beside a fen it is one");
}
