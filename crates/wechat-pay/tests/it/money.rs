//! Amounts, exactly.

use wechat_pay::{Fen, MoneyError, parse_fen, parse_fen_positive, parse_micro_yuan, parse_yuan};

#[test]
fn fen_are_digits_only() {
    assert_eq!(parse_fen("0"), Ok(Fen::ZERO), "nothing is an amount");
    assert_eq!(
        parse_fen("9223372036854775807"),
        Ok(Fen::new(i64::MAX)),
        "the largest"
    );
    assert_eq!(
        parse_fen("9223372036854775808"),
        Err(MoneyError::OutOfRange),
        "one more"
    );
    assert_eq!(
        parse_fen_positive("0"),
        Err(MoneyError::OutOfRange),
        "nothing can't be paid"
    );
    for wrong in [
        "", "-1", "+1", "1.0", "1e3", " 1", "1 ", "01", "00", "0x1", "１", "1_0",
    ] {
        assert_eq!(
            parse_fen(wrong),
            Err(MoneyError::NotANumber),
            "{wrong:?} is no amount in fen"
        );
    }
}

#[test]
fn yuan_are_read_exactly() {
    for (text, fen) in [
        ("0.03", 3),
        ("0.0", 0),
        ("12", 1200),
        ("0.1", 10),
        ("1234567.89", 123_456_789),
    ] {
        assert_eq!(parse_yuan(text), Ok(Fen::new(fen)), "{text} yuan");
    }
    assert_eq!(parse_yuan("-0.50"), Ok(Fen::new(-50)), "given back");
    assert_eq!(parse_yuan("0.0300"), Ok(Fen::new(3)), "zeros add nothing");
    assert_eq!(
        parse_yuan("0.005"),
        Err(MoneyError::OutOfRange),
        "half a fen isn't rounded"
    );
    assert_eq!(
        parse_yuan("92233720368547758.08"),
        Err(MoneyError::OutOfRange),
        "too much"
    );
    for wrong in ["", ".", "1.", ".5", "1,5", "1.2.3", "--1", "1e2", "￥1", " 1"] {
        assert_eq!(
            parse_yuan(wrong),
            Err(MoneyError::NotANumber),
            "{wrong:?} is no amount in yuan"
        );
    }
    assert_eq!(
        parse_micro_yuan("0.01000").map(|fee| fee.get()),
        Ok(10_000),
        "a fee of a fen"
    );
    assert_eq!(
        parse_micro_yuan("-0.00599").map(|fee| fee.get()),
        Ok(-5_990),
        "a fee given back"
    );
}

#[test]
fn arithmetic_is_checked() {
    assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None, "no wrapping");
    assert_eq!(
        Fen::new(3).checked_sub(Fen::new(5)),
        Some(Fen::new(-2)),
        "differences may be negative"
    );
    assert_eq!(Fen::new(-5).to_yuan(), "-0.05", "as the bill writes it");
}
