//! A configuration by which no gateway can be reached, or none that would take a refund.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use till_app::{Config, ConfigProblem, gateway};

use super::counter::CONFIG;

/// What opening the way to WeChat says, with these lines in `[wechat]` of a configuration in this folder.
fn problem(folder: &Path, lines: &str) -> ConfigProblem {
    let file = folder.join("till.toml");
    fs::write(
        &file,
        CONFIG.replacen("[wechat]\n", &format!("[wechat]\n{lines}"), 1),
    )
    .unwrap();
    let opened = Config::load(&file).and_then(|config| gateway::connect(&config));
    opened.expect_err("no way to WeChat")
}

#[test]
fn a_certificate_that_can_not_be_shown_is_the_configuration_s_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let params = CertificateParams::new(vec!["merchant".to_owned()]).unwrap();
    write("cert.pem", &params.self_signed(&key).unwrap().pem());
    write("key.pem", &key.serialize_pem());
    write("other.pem", &other.serialize_pem());
    write("torn.pem", "-----BEGIN PRIVATE KEY-----\nAAAA");
    write("none.pem", "apiclient");
    let cases = [
        (
            "gone.pem",
            "key.pem",
            "[wechat] client_cert",
            "gone.pem can't be read",
        ),
        (
            "none.pem",
            "key.pem",
            "[wechat] client_cert",
            "none.pem holds no certificate",
        ),
        (
            "key.pem",
            "key.pem",
            "[wechat] client_cert",
            "key.pem holds no certificate",
        ),
        (
            "cert.pem",
            "gone.pem",
            "[wechat] client_key",
            "gone.pem can't be read",
        ),
        (
            "cert.pem",
            "cert.pem",
            "[wechat] client_key",
            "cert.pem holds no private key",
        ),
        ("cert.pem", "torn.pem", "[wechat] client_key", "are not PEM"),
        (
            "cert.pem",
            "other.pem",
            "[wechat] client_key",
            "don't belong together",
        ),
    ];
    for (cert, key, named, said) in cases {
        let lines = format!("client_cert = \"{cert}\"\nclient_key = \"{key}\"\n");
        let problem = problem(folder.path(), &lines);
        assert_eq!(problem.key, named, "the line to look at: {problem}");
        assert!(
            problem.what.contains(said),
            "what is wrong with {cert} and {key}: {problem}"
        );
        let name = named.rsplit(' ').next().unwrap();
        assert!(problem.example.starts_with(name), "and a right line: {problem}");
    }
}

#[test]
fn an_address_that_is_no_gateway_s_is_the_configuration_s_mistake() {
    let folder = tempfile::tempdir().unwrap();
    for address in [
        "https://api.mch.weixin.qq.com?a=1",
        "http://127.0.0.1:1/#a",
        "https://",
    ] {
        let problem = problem(folder.path(), &format!("base_url = \"{address}\"\n"));
        assert_eq!(problem.key, "[wechat] base_url", "the line to look at: {problem}");
        assert!(
            problem.example.contains("https://api.mch.weixin.qq.com"),
            "and a right one: {problem}"
        );
    }
}
