//! WeChat's side of a test: a simulator on a port of its own, and a customer who scans and pays there over HTTP, as the
//! phone page does.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wechat_pay::ApiKey;
use wechat_pay_sim::{GatewayConfig, Simulator, serve};

use crate::counter::{API_KEY, APPID, MCH_ID};
use crate::wait::{PATIENCE, until};

/// The file in the data folder in which a training till says where its simulator listens.
const URL_FILE: &str = "simulator.url";

/// A simulator that outlives the till it serves: on a free port of this machine until dropped.
#[derive(Debug)]
pub struct Gateway {
    base: String,
    simulator: Simulator,
    serving: JoinHandle<()>,
}

impl Gateway {
    /// Opens the simulator; `seed` makes its numbers repeatable.
    pub async fn open(seed: u64) -> anyhow::Result<Self> {
        let config = GatewayConfig {
            seed,
            ..GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?)
        };
        let simulator = Simulator::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let served = simulator.clone();
        let serving = tokio::spawn(async move {
            if let Err(error) = serve(listener, served, std::future::pending()).await {
                eprintln!("the simulator stopped: {error}");
            }
        });
        Ok(Self {
            base,
            simulator,
            serving,
        })
    }

    /// Where it listens, such as `http://127.0.0.1:18080`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The simulator itself, to set faults and read its orders.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// A customer whose phone asks this gateway.
    pub fn customer(&self) -> Customer {
        Customer::of(&self.base)
    }

    /// A till's configuration that asks this gateway. Nobody listens at its notify address: payments are found by query.
    pub fn till_config(&self) -> String {
        let base = &self.base;
        format!(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
             base_url = \"{base}\"\nnotify_url = \"http://127.0.0.1:9/weixin/pay/notify/url\"\n"
        )
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A customer with a phone and money.
#[derive(Debug, Clone)]
pub struct Customer {
    base: String,
    http: reqwest::Client,
}

impl Customer {
    /// A customer of the simulator at `base`, such as `http://127.0.0.1:18080`.
    pub fn of(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// Finds the simulator of the training till that runs on this data folder.
    pub async fn at(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join(URL_FILE);
        until(
            "the training till to say where its simulator is",
            PATIENCE,
            async || {
                let Ok(text) = std::fs::read_to_string(&file) else {
                    return Ok(None);
                };
                let customer = Self::of(text.trim());
                // A file left by a killed till names a port where nobody listens any more.
                let orders = format!("{}/sim/orders", customer.base);
                customer.http.get(orders).send().await?.error_for_status()?;
                Ok(Some(customer))
            },
        )
        .await
    }

    /// Points the phone at a QR code's text; answers with the `out_trade_no` it stands for.
    pub async fn scan(&self, code_url: &str) -> anyhow::Result<String> {
        let order: Value = self.post("/sim/scan", &json!({ "code_url": code_url })).await?;
        let number = order["out_trade_no"]
            .as_str()
            .context("the simulator's answer names no order")?;
        Ok(number.to_owned())
    }

    /// The newest order of this till that waits for its payment.
    pub async fn order_of(&self, till: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("{}/sim/orders", self.base)).send().await?;
        let book: Value = answer.error_for_status()?.json().await?;
        let orders = book["orders"]
            .as_array()
            .context("the simulator lists its orders")?;
        let waiting = orders.iter().filter(|order| {
            order["device_info"] == till && order["state"] == "NOTPAY" && order["unpayable"].is_null()
        });
        let newest = waiting.max_by_key(|order| order["created"].as_str());
        let number = newest.and_then(|order| order["out_trade_no"].as_str());
        Ok(number
            .with_context(|| format!("no order of {till} waits"))?
            .to_owned())
    }

    /// Enters the password.
    pub async fn pay(&self, out_trade_no: &str) -> anyhow::Result<()> {
        self.post(&format!("/sim/orders/{out_trade_no}/pay"), &json!({}))
            .await
            .map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .json(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
