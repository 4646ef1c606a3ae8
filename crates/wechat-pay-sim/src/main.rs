//! `wechat-pay-sim`: the simulator as a program of its own.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use wechat_pay::ApiKey;
use wechat_pay_sim::{GatewayConfig, Simulator, Tls, serve, serve_tls};

/// A simulator of the WeChat Pay V2 gateway. Takes no money.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:18080")]
    listen: SocketAddr,
    /// The appid it knows.
    #[arg(long)]
    appid: String,
    /// The merchant it knows.
    #[arg(long)]
    mch_id: String,
    /// The merchant's API key, 32 characters. Better given in the environment, where `ps` doesn't show it.
    #[arg(long, env = "WECHAT_PAY_SIM_API_KEY", hide_env_values = true)]
    api_key: String,
    /// Serve TLS with this certificate (PEM).
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Ask for client certificates signed by this authority (PEM) on /secapi/….
    #[arg(long, requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// Makes a run repeatable; drawn when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How long after a payment its first notify goes out.
    #[arg(long, value_name = "MILLISECONDS")]
    notify_after_ms: Option<u32>,
    /// Keep the orders in this file and go on with them.
    #[arg(long)]
    state: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .init();

    let api_key = ApiKey::parse(&args.api_key).context("--api-key")?;
    let seed = args.seed.unwrap_or_else(rand::random);
    let mut config = GatewayConfig {
        seed,
        ..GatewayConfig::new(&args.appid, &args.mch_id, api_key)
    };
    if let Some(after) = args.notify_after_ms {
        config.rules.notify_latency = SignedDuration::from_millis(after.into());
    }
    let simulator = match &args.state {
        Some(path) => Simulator::open(config, path).context("--state")?,
        None => Simulator::new(config),
    };
    let tls = tls(&args)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("--listen {}", args.listen))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("customer's phone: {scheme}://{}/phone", listener.local_addr()?);
    tracing::info!(appid = args.appid, mch_id = args.mch_id, seed, "simulator ready");
    match tls {
        Some(tls) => serve_tls(listener, simulator, tls, interrupted()).await?,
        None => serve(listener, simulator, interrupted()).await?,
    }
    Ok(())
}

fn tls(args: &Args) -> anyhow::Result<Option<Tls>> {
    // clap has made sure that the two come together.
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Ok(None);
    };
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
    let client_ca = args.client_ca.as_ref().map(read).transpose()?;
    Ok(Some(Tls::from_pem(
        &read(cert)?,
        &read(key)?,
        client_ca.as_deref(),
    )?))
}

/// Resolves at Ctrl-C, and at SIGTERM where there is such a thing.
async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler nobody can ask us to stop but by killing.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminated => {}
    }
}
