//! The customer's side: scans and pays at the simulator over HTTP, as the phone page does.

use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::wait::{PATIENCE, until};

/// The file in the data folder in which a training till says where its simulator listens.
const URL_FILE: &str = "simulator.url";

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
        until("the training till to say where its simulator is", PATIENCE, async || {
            let Ok(text) = std::fs::read_to_string(&file) else {
                return Ok(None);
            };
            let customer = Self::of(text.trim());
            // A file left by a killed till names a port where nobody listens any more.
            let orders = format!("{}/sim/orders", customer.base);
            customer.http.get(orders).send().await?.error_for_status()?;
            Ok(Some(customer))
        })
        .await
    }

    /// Points the phone at a QR code's text; answers with the `out_trade_no` it stands for.
    pub async fn scan(&self, code_url: &str) -> anyhow::Result<String> {
        let order: Value = self.post("/sim/scan", &json!({ "code_url": code_url })).await?;
        let number = order["out_trade_no"].as_str().context("the simulator's answer names no order")?;
        Ok(number.to_owned())
    }

    /// Enters the password.
    pub async fn pay(&self, out_trade_no: &str) -> anyhow::Result<()> {
        self.post(&format!("/sim/orders/{out_trade_no}/pay"), &json!({})).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
