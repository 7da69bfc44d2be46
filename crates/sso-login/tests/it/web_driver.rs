//! Controls headless Chromium through chromedriver, with the W3C `WebDriver` protocol.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The longest wait for chromedriver. It is long because the machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The key under which an element's ID is returned.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window. All methods block.
pub(crate) struct Chromium {
    driver: Child,
    address: String,
    session: String,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        // Keep the pipe open, or chromedriver fails to write to it.
        std::thread::spawn(move || lines.for_each(drop));
        let address = format!("127.0.0.1:{}", port.unwrap());
        let mut chromium = Self { driver, address, session: String::new() };
        // CI runs tests as root and in a container, where Chromium's sandbox does not start.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"];
        let session = chromium.send(
            "POST",
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        chromium.session = format!("/{}", session.unwrap()["sessionId"].as_str().unwrap());
        chromium
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.send("POST", "/url", &json!({"url": url})).unwrap();
    }

    pub(crate) fn reload(&self) {
        self.send("POST", "/refresh", &json!({})).unwrap();
    }

    pub(crate) fn back(&self) {
        self.send("POST", "/back", &json!({})).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        let url = self.send("GET", "/url", &Value::Null).unwrap();
        url.as_str().unwrap().to_owned()
    }

    /// Waits until the page contains `part`, and returns its text. A click may return before the
    /// next page is loaded.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let end = Instant::now() + TIMEOUT;
        loop {
            let text = self.text().unwrap_or_else(|error| error);
            if text.contains(part) {
                return text;
            }
            assert!(Instant::now() < end, "{part:?} did not appear: {text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Clicks the button with this value.
    pub(crate) fn press(&self, value: &str) {
        self.try_to_press(value).unwrap();
    }

    pub(crate) fn try_to_press(&self, value: &str) -> Result<Value, String> {
        let button = self.element(&format!("button[value={value}]"))?;
        self.send("POST", &format!("/element/{button}/click"), &json!({}))
    }

    /// Types text into the field of this name, and clicks the button of its form.
    pub(crate) fn submit(&self, field: &str, text: &str) {
        let field = self.element(&format!("input[name={field}]")).unwrap();
        let text = json!({"text": text});
        self.send("POST", &format!("/element/{field}/value"), &text).unwrap();
        let button = self.element("form button").unwrap();
        self.send("POST", &format!("/element/{button}/click"), &json!({})).unwrap();
    }

    /// Returns the value of a JavaScript expression. The page's policy does not apply to the
    /// expression, but to elements that it adds to the page.
    pub(crate) fn evaluate(&self, expression: &str) -> Value {
        let script = json!({"script": format!("return {expression}"), "args": []});
        self.send("POST", "/execute/sync", &script).unwrap()
    }

    /// Returns the console messages since the last call: messages of scripts, blocked loads, and
    /// violations of the page's policy.
    pub(crate) fn console(&self) -> Vec<String> {
        let log = self.send("POST", "/se/log", &json!({"type": "browser"})).unwrap();
        let entries = log.as_array().unwrap().iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes a screenshot of the page, for a person to look at.
    pub(crate) fn screenshot(&self, name: &str) {
        let png = self.send("GET", "/screenshot", &Value::Null).unwrap();
        let png = STANDARD.decode(png.as_str().unwrap()).unwrap();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("login-pages");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{name}.png")), png).unwrap();
    }

    /// Returns the visible text of the page.
    fn text(&self) -> Result<String, String> {
        let body = self.element("body")?;
        let text = self.send("GET", &format!("/element/{body}/text"), &Value::Null)?;
        Ok(text.as_str().unwrap().to_owned())
    }

    fn element(&self, selector: &str) -> Result<String, String> {
        let request = json!({"using": "css selector", "value": selector});
        let element = self.send("POST", "/element", &request)?;
        Ok(element[ELEMENT].as_str().unwrap().to_owned())
    }

    /// Sends a command to the session. Returns its value, or the message of the error.
    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /session{}{path} HTTP/1.1\r\nHost: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.session,
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        // chromedriver keeps the connection open.
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(answer.read_line(&mut line).unwrap(), 0, "chromedriver ended");
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).unwrap();
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        match answer["value"].get("error") {
            Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            None => Ok(answer["value"].take()),
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ends Chromium, which would outlive chromedriver. A panic here would hide an earlier
        // panic.
        let _ = std::panic::catch_unwind(|| self.send("DELETE", "", &Value::Null));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
