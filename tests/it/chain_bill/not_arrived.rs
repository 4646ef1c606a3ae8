//! A refund that could not arrive, on WeChat's bill and in the Z's column of it: the cause of the difference is named.

use scantill_tests::refunds::SETTLED;
use till_core::{Part, RefundStanding, Tally, ZNumber};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_could_not_arrive_is_the_named_cause_of_the_zs_difference() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let number = paid(&line, &mut shop, WATER, "a").await?;
    paid(&line, &mut shop, WATER, "b").await?;
    line.fault(Call::Refund, Fault::RefundChange, Times::Count(1));
    let refund = shop.wish(&number, Part::Whole { goods_back: true }, "r1")??;
    shop.live(SETTLED).await?;
    let z = shop.till.close_day(shop.now(), "close", "")?.report;
    assert_eq!(
        z.takings.refunds_by_hand.sum,
        Fen::new(200),
        "the Z counts it as given back, by hand"
    );
    next_morning(&mut shop).await?;
    let failed = Cause::RefundDiffers {
        here: RefundStanding::Failed,
        there: RefundStanding::Failed,
    };
    let subject = Subject::Refund {
        out_refund_no: refund.to_string(),
        out_trade_no: number.to_string(),
    };
    assert_eq!(
        differences(&shop.agreement(day)?),
        [(subject, 0, 200, failed)],
        "both sides have it as failed, and the agreement says so"
    );
    let provider = shop.till.provider(ZNumber(1))?.run()?.provider;
    let not_arrived = Tally {
        count: 1,
        sum: Fen::new(200),
    };
    assert_eq!(
        (provider.not_arrived, provider.missing, provider.difference),
        (not_arrived, 0, Fen::new(200)),
        "the bill has 2.00 more than the Z, for which a refund is named; nothing is missing"
    );
    assert_eq!(
        provider.unexplained()?,
        Fen::ZERO,
        "and nothing is left to find out"
    );
    Ok(())
}
