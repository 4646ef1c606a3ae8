//! Training: the same program against the simulator inside it, with its own data folder, key and numbers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use till_app::{Config, ConfigProblem};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use wechat_pay_sim::{GatewayConfig, Simulator, serve};

/// Tells other programs on this machine, such as the tour, where the simulator listens.
const URL_FILE: &str = "simulator.url";
/// What the simulator remembers over a restart.
const STATE_FILE: &str = "simulator.json";

/// The configuration of a till in training. Its numbers and its key are worth nothing outside the simulator.
pub(crate) fn config(base_url: &str) -> Result<Config, ConfigProblem> {
    Config::parse(&format!(
        "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
         [wechat]\nappid = \"wx7261696e696e6730\"\nmch_id = \"1900000001\"\n\
         api_key = \"TrainingTrainingTrainingTraining\"\nbase_url = \"{base_url}\"\n\
         notify_url = \"{base_url}/sim/notify\"\n"
    ))
}

fn listen(runtime: &Handle) -> std::io::Result<TcpListener> {
    let _runtime = runtime.enter();
    let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Starts the simulator on a free port of this machine; the configuration of a till that asks it. It ends with the program.
pub(crate) fn start(folder: &Path, runtime: &Handle) -> anyhow::Result<Config> {
    let listener = listen(runtime).context("the simulator found no free port")?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let config = config(&base_url)?;
    let merchant = &config.merchant;
    let gateway = GatewayConfig {
        seed: u64::from(std::process::id()),
        ..GatewayConfig::new(&merchant.appid, &merchant.mch_id, merchant.api_key.clone())
    };
    let simulator =
        Simulator::open(gateway, &folder.join(STATE_FILE)).context("reading the simulator's state")?;
    runtime.spawn(async move {
        if let Err(error) = serve(listener, simulator, std::future::pending()).await {
            tracing::error!(%error, "the simulator stopped");
        }
    });
    let url_file = folder.join(URL_FILE);
    std::fs::write(&url_file, &base_url).with_context(|| format!("writing {}", url_file.display()))?;
    Ok(config)
}
