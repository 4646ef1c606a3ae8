//! Right configurations, and one sentence for each wrong one.

use super::*;

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const PASSWORD: &str = "broker-password";
const GOOD: &str = r#"
listen = "127.0.0.1:0"
amqp_url = "amqp://relay:broker-password@127.0.0.1:5672/scantill"
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]

[limits]
connections = 100

[[merchant]]
appid = "wxd930ea5d5a258f4f"
mch_id = "10000100"
api_key = "192006250b4c09247ec02edce69f6a2d"

[[merchant]]
appid = "wxd930ea5d5a258f4f"
mch_id = "10000101"
api_key = "192006250b4c09247ec02edce69f6a2e"
previous_api_key = "192006250b4c09247ec02edce69f6a2f"
"#;

fn parse(text: &str) -> Result<Config, ConfigProblem> {
    Config::parse(text, Path::new("/nonexistent"), &Variables::new())
}

fn with(name: &str, value: &str) -> Result<Config, ConfigProblem> {
    let variables = Variables::from([(name.to_owned(), value.to_owned())]);
    Config::parse(GOOD, Path::new("/nonexistent"), &variables)
}

#[test]
fn a_right_one_is_read_whole() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.merchants.iter().count(), 2, "both merchants");
    assert!(
        config.trusted_proxies.contain("10.9.8.7".parse().unwrap()),
        "a network of proxies"
    );
    assert_eq!(config.limits.connections, 100, "as given");
    assert_eq!(config.limits.in_flight, 2048, "as it is unless given");
    assert_eq!(
        config.broker.place(),
        "127.0.0.1:5672/scantill",
        "shown without password"
    );
}

#[test]
fn strangers_do_not_see_the_pages_unless_allowed() {
    let config = parse(GOOD).unwrap();
    assert!(
        config.status_from.contain("127.0.0.1".parse().unwrap()),
        "this machine"
    );
    assert!(
        config.status_from.contain("192.168.1.5".parse().unwrap()),
        "the shop's own network"
    );
    assert!(
        !config.status_from.contain("203.0.113.5".parse().unwrap()),
        "nobody else"
    );
}

#[test]
fn each_mistake_names_its_key_and_shows_a_right_line() {
    let cases = [
        ("127.0.0.1:0", "localhost", "listen"),
        ("amqp_url = ", "amqp_uri = ", "line 3"),
        ("amqp_url = ", "# ", "amqp_url"),
        ("amqp://relay", "http://relay", "amqp_url"),
        ("@127.0.0.1:5672", "@10.0.0.7:5672", "amqp_url"),
        ("@127.0.0.1:5672", "@localhost.example.com", "amqp_url"),
        (
            "\"10.0.0.0/8\"",
            "\"192006250b4c09247ec02edce69f6a2d\"",
            "trusted_proxies",
        ),
        (
            "[limits]",
            "status_from = \"192006250b4c09247ec02edce69f6a2d\"\n[limits]",
            "line 6",
        ),
        (
            "connections = 100",
            "connections = \"192006250b4c09247ec02edce69f6a2d\"",
            "line 7",
        ),
        ("\"127.0.0.1\"", "\"proxy\"", "trusted_proxies"),
        ("[limits]", "amqp_ca = \"ca.pem\"\n[limits]", "amqp_ca"),
        ("[limits]", "amqp_url_file = \"url\"\n[limits]", "amqp_url"),
        ("[limits]", "status_from = [\"all\"]\n[limits]", "status_from"),
        ("connections = 100", "connections = 0", "[limits] connections"),
        ("connections = 100", "in_flight = 1000000", "[limits] in_flight"),
        ("connections = 100", "burst = -1", "line 7"),
        ("wxd930ea5d5a258f4f", "wx d930", "[[merchant]] number 1, appid"),
        ("10000100", "10000 100", "[[merchant]] number 1, mch_id"),
        ("10000101", "", "[[merchant]] number 2, mch_id"),
        ("10000101", "10000100", "[[merchant]]"),
        ("f6a2d", "f6a2", "[[merchant]] number 1, api_key"),
        (
            "api_key = \"192006250b4c09247ec02edce69f6a2d\"",
            "",
            "[[merchant]] number 1, api_key",
        ),
        ("f6a2f", "f6a2f0", "[[merchant]] number 2, previous_api_key"),
        (
            "mch_id = \"10000100\"",
            "mch_id = \"10000100\"\napi_key_file = \"key\"",
            "[[merchant]] number 1, api_key",
        ),
        (
            "[limits]",
            "[tls]\ncert = \"c.pem\"\nkey = \"k.pem\"\n[limits]",
            "[tls] cert",
        ),
        ("[limits]", "[tls]\ncert = \"c.pem\"\n[limits]", "line 6"),
        ("[limits]", "[limit]", "line 6"),
    ];
    for (right, wrong, key) in cases {
        let problem = parse(&GOOD.replacen(right, wrong, 1)).unwrap_err();
        let sentence = problem.to_string();
        assert_eq!(problem.key, key, "the sentence names the key: {sentence}");
        assert!(!sentence.contains('\n'), "one line: {sentence}");
        assert!(
            problem.example.contains(['=', '[']),
            "it shows what would be right: {sentence}"
        );
        for secret in [&KEY[..30], PASSWORD] {
            assert!(!sentence.contains(secret), "it quotes no secret: {sentence}");
        }
    }
    let sentence = parse(&format!("merchant = \"{KEY}\"")).unwrap_err().to_string();
    assert!(
        !sentence.contains(KEY),
        "not where a table should be either: {sentence}"
    );
    let without = GOOD.split("[[merchant]]").next().unwrap();
    assert_eq!(
        parse(without).unwrap_err().key,
        "[[merchant]]",
        "there has to be one"
    );
}

#[test]
fn the_environment_counts_before_the_file() {
    let config = with("SCANTILL_RELAY_LISTEN", "127.0.0.1:18099").unwrap();
    assert_eq!(config.listen.port(), 18099, "the address");
    let config = with("SCANTILL_RELAY_AMQP_URL", "amqps://a:b@broker:5673/x").unwrap();
    assert_eq!(config.broker.place(), "broker:5673/x", "the broker");
    let problem = with("SCANTILL_RELAY_API_KEY_10000100", "short").unwrap_err();
    assert_eq!(
        problem.key, "[[merchant]] number 1, api_key",
        "the key of that merchant is the variable's: {problem}"
    );
    for (name, what) in [
        ("SCANTILL_RELAY_AMPQ_URL", "a slip of the pen"),
        ("SCANTILL_RELAY_API_KEY_10000102", "a merchant nobody named"),
    ] {
        let problem = with(name, KEY).unwrap_err();
        assert_eq!(problem.key, name, "{what} is no silent default: {problem}");
        assert!(!problem.to_string().contains(KEY), "and the value is not told");
    }
    assert!(
        with("PATH", "/bin").is_ok(),
        "other programs' variables are theirs"
    );
}

#[cfg(unix)]
#[test]
fn files_with_secrets_that_everybody_can_read_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = tempfile::tempdir().unwrap();
    let (file, key) = (scratch.path().join("relay.toml"), scratch.path().join("key"));
    let by_file = GOOD.replacen(&format!("api_key = \"{KEY}\""), "api_key_file = \"key\"", 1);
    fs::write(&key, KEY).unwrap();
    let open = |text: &str, mode: u32, key_mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(key_mode)).unwrap();
        Config::load(&file, &Variables::new()).unwrap().open_files
    };
    assert_eq!(
        open(&by_file, 0o644, 0o644),
        [key.clone(), file.clone()],
        "the key's file, and the configuration, for the password and the keys in it"
    );
    assert_eq!(
        open(&by_file, 0o600, 0o640),
        [] as [PathBuf; 0],
        "its group is the operator's choice"
    );
    let without: String = by_file
        .lines()
        .filter(|line| !line.contains("amqp_url") && !line.contains("api_key = "))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(scratch.path().join("url"), "amqp://relay:p@127.0.0.1/shop").unwrap();
    fs::set_permissions(scratch.path().join("url"), fs::Permissions::from_mode(0o600)).unwrap();
    let without = format!(
        "amqp_url_file = \"url\"\n{}",
        without.replacen("10000101\"", "10000101\"\napi_key_file = \"key\"", 1)
    );
    assert_eq!(
        open(&without, 0o644, 0o600),
        [] as [PathBuf; 0],
        "a configuration without secrets may be read by all"
    );
}

#[test]
fn what_systemd_hands_over_comes_before_the_file_it_was_copied_from() {
    let (etc, handed_over) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(etc.path().join("url"), "amqps://relay:p@new:5671/shop\n").unwrap();
    let text = GOOD.replacen(
        "amqp_url = \"amqp://relay:broker-password@127.0.0.1:5672/scantill\"",
        "amqp_url_file = \"url\"",
        1,
    );
    let credentials = handed_over.path().to_str().unwrap().to_owned();
    let service = Variables::from([("CREDENTIALS_DIRECTORY".to_owned(), credentials)]);
    let place = |variables: &Variables| {
        let config = Config::parse(&text, etc.path(), variables).unwrap();
        config.broker.place()
    };
    assert_eq!(
        place(&service),
        "new:5671/shop",
        "a file that was not handed over lies beside the configuration"
    );
    fs::write(handed_over.path().join("url"), "amqps://relay:p@old:5671/shop\n").unwrap();
    assert_eq!(
        place(&service),
        "old:5671/shop",
        "the service reads its own copy: the file is root's"
    );
    assert_eq!(
        place(&Variables::new()),
        "new:5671/shop",
        "and --check, run by root, what the next start will be handed"
    );
}

#[test]
fn secrets_are_read_from_files_without_their_line_break() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    fs::write(folder.join("url"), "amqps://relay:p@broker:5672/shop\r\n").unwrap();
    fs::write(folder.join("key"), format!("{KEY}\n")).unwrap();
    fs::write(folder.join("blank"), format!("{KEY} \n")).unwrap();
    let text = GOOD
        .replacen(
            "amqp_url = \"amqp://relay:broker-password@127.0.0.1:5672/scantill\"",
            "amqp_url_file = \"url\"",
            1,
        )
        .replacen(
            "api_key = \"192006250b4c09247ec02edce69f6a2d\"",
            "api_key_file = \"key\"",
            1,
        );
    let config = Config::parse(&text, folder, &Variables::new()).unwrap();
    assert_eq!(
        config.broker.place(),
        "broker:5672/shop",
        "relative to the configuration's folder"
    );
    let blank = Config::parse(
        &text.replacen("\"key\"", "\"blank\"", 1),
        folder,
        &Variables::new(),
    );
    assert_eq!(
        blank.unwrap_err().key,
        "[[merchant]] number 1, api_key",
        "a blank is not cut away in silence"
    );
    let missing = Config::parse(
        &text.replacen("\"key\"", "\"none\"", 1),
        folder,
        &Variables::new(),
    );
    assert_eq!(
        missing.unwrap_err().key,
        "[[merchant]] number 1, api_key_file",
        "a file that is not there"
    );
}
