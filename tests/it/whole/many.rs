//! Twenty tills and two relays on one broker: five thousand payments, each told to its own till and to no other.

use std::collections::BTreeSet;

use scantill_tests::broker::Broker;
use scantill_tests::relay::Setup;
use scantill_tests::shop::{Line, WATER};
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::{built, till_config};
use scantill_tests::world::attempt;
use till_app::notify::NotifyLink;
use till_app::run::{self, Running};
use till_app::{Config, Database, Till, clock, gateway};
use till_core::{OutTradeNo, State};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, LocalSet};

const TILLS: usize = 20;
const PAYMENTS_A_TILL: usize = 250;
/// How long any one step may take while nineteen others work; on a quiet machine the slowest takes a second.
const WITHIN: std::time::Duration = std::time::Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_50_twenty_tills_and_two_relays_each_till_hears_of_its_own_payments_and_of_no_other()
-> anyhow::Result<()> {
    let broker = Broker::shared().await?;
    let vhost = broker.vhost().await?;
    let line = Line::open_now().await?;
    let setup = Setup::new(&built("scantill-relay")?, &vhost.amqp_url());
    let relays = [setup.start()?, setup.start()?];
    for relay in &relays {
        relay.until_ready(true).await?;
    }

    // The tills have threads of their own; what acts on them may share one.
    let mut counters = JoinSet::new();
    let together = LocalSet::new();
    for nth in 0..TILLS {
        let id = format!("T{nth:02}");
        let relay = &relays[nth % relays.len()];
        let mut config = till_config(&id, &line.base(), relay, &vhost.amqp_url());
        // Whatever is paid before the first question was told by the notify.
        config.push_str("[payment]\npoll_seconds = 60\n");
        counters.spawn_local_on(serve_customers(config, line.simulator.clone()), &together);
    }
    let all = together.run_until(async {
        let mut heard = 0;
        while let Some(counter) = counters.join_next().await {
            heard += counter??;
        }
        anyhow::Ok(heard)
    });
    let heard = all.await?;
    assert_eq!(
        heard,
        TILLS * PAYMENTS_A_TILL,
        "every payment was told to its own till, once"
    );
    for queue in ["scantill.dead", "scantill.unrouted"] {
        let (left, _) = vhost.depth(queue).await?;
        assert_eq!(left, 0, "no message went astray into {queue}");
    }
    for relay in &relays {
        let published = relay
            .counted("scantill_relay_published_total{kind=\"payment\"}")
            .await?;
        assert!(published > 0, "both relays had a part in it");
    }
    Ok(())
}

/// One till's day: rings up, waits for the code, has it paid; how many of its own payments it was told of.
async fn serve_customers(config: String, simulator: wechat_pay_sim::Simulator) -> anyhow::Result<usize> {
    let config = Config::parse(&config)?;
    let id = config.shop.till.to_string();
    let clock = clock::steady();
    let mut till = Till::open(config.clone(), Database::in_memory()?, clock(), rand::random())?;
    till.import(clock(), &scantill_tests::counter::goods_csv())?;
    let client = gateway::connect(&config)?;
    let running = run::start(till, client, clock, Handle::current(), |_, _| {})?;

    // What is paid before the till's first subscription has made its queue goes to `scantill.unrouted`.
    until("the till's queue", PATIENCE, async || {
        let link = running.handle.call(|till, _| till.snapshot().notify.link).await?;
        Ok(matches!(link, NotifyLink::Up { .. }).then_some(()))
    })
    .await?;
    let mut numbers = BTreeSet::new();
    for nth in 0..PAYMENTS_A_TILL {
        let number = running
            .handle
            .call(move |till, now| {
                till.add(WATER, None)?;
                till.pay(now, &format!("click-{nth}"))
            })
            .await??;
        until("the code", WITHIN, async || {
            let state = state(&running, &number).await?;
            Ok(matches!(state, State::AwaitingPayment { .. }).then_some(()))
        })
        .await?;
        simulator.with(|gateway, now| gateway.pay(now, number.as_str(), &Default::default()))?;
        numbers.insert(number);
    }
    for number in &numbers {
        until("the payment to be known", WITHIN, async || {
            let state = state(&running, number).await?;
            Ok(matches!(state, State::Paid(_)).then_some(()))
        })
        .await?;
    }
    // On a slow machine a question may have been faster; the notify comes all the same.
    let told = until("the notify of every payment", WITHIN, async || {
        let told = running
            .handle
            .call(|till, _| till.db().read().inbox().latest(u32::MAX))
            .await??;
        Ok((told.len() >= numbers.len()).then_some(told))
    })
    .await?;
    for row in &told {
        let number = row.out_trade_no.as_deref().unwrap_or_default();
        assert!(
            numbers.iter().any(|ours| ours.as_str() == number),
            "till {id} was told of {number}, which is not its own"
        );
    }
    running.stop();
    Ok(told.len())
}

async fn state(running: &Running, number: &OutTradeNo) -> anyhow::Result<State> {
    let number = number.clone();
    let found = running
        .handle
        .call(move |till, _| attempt(till, &number))
        .await??;
    Ok(found.state)
}
