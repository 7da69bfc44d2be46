//! The HTML pages of an interactive emulator: plain forms, without scripts.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use crate::answer::Answer;
use crate::logins::base64_url;

/// The request that the user allows or denies.
pub(crate) struct Consent<'a> {
    pub(crate) user: &'a str,
    pub(crate) client: &'a str,
    pub(crate) start_url: &'a str,
    pub(crate) scopes: &'a [String],
    /// The code to compare with the device's; only for a device authorization.
    pub(crate) user_code: Option<&'a str>,
}

/// Asks the user to allow or deny. The form is sent to the page's own URL.
pub(crate) fn consent(consent: &Consent<'_>) -> Answer {
    let Consent { user, client, start_url, scopes, user_code } = *consent;
    let scopes = if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") };
    let mut rows = vec![("User", user), ("Client", client), ("Start URL", start_url)];
    rows.push(("Scopes", &scopes));
    let mut body = String::new();
    if let Some(code) = user_code {
        let code = escaped(code);
        let _ = write!(
            body,
            "<p>Compare this code with the one that your device shows. If they differ, deny.</p>\n\
             <p class=\"code\">{code}</p>\n"
        );
    }
    body.push_str("<dl>\n");
    for (name, value) in rows {
        let _ = writeln!(body, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
    }
    body.push_str(
        "</dl>\n<form method=\"post\">\n\
         <button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n\
         </form>\n",
    );
    page(200, "Allow access to your AWS accounts?", &body)
}

/// Asks for the code that a device shows.
pub(crate) fn enter_code(status: u16, error: Option<&str>) -> Answer {
    let mut body = String::new();
    if let Some(error) = error {
        let _ = writeln!(body, "<p class=\"error\">{}</p>", escaped(error));
    }
    body.push_str(
        "<form method=\"get\">\n\
         <label>Code <input name=\"user_code\" autocomplete=\"off\" autofocus required></label>\n\
         <button>Continue</button>\n\
         </form>\n",
    );
    page(status, "Enter the code that your device shows", &body)
}

/// Shows a result to the user.
pub(crate) fn message(status: u16, title: &str, text: &str) -> Answer {
    page(status, title, &format!("<p>{}</p>\n", escaped(text)))
}

fn page(status: u16, title: &str, body: &str) -> Answer {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <h1>{title}</h1>\n\
         {body}\
         <footer>sso-emulator: for tests, not AWS</footer>\n\
         </body>\n\
         </html>\n"
    );
    Answer::new(status, "text/html; charset=utf-8", html)
        .header("Content-Security-Policy", &content_security_policy())
        .header("Cache-Control", "no-store")
        .header("X-Content-Type-Options", "nosniff")
}

/// Allows the page's own style, but no scripts, no frames and no other servers. There is no
/// `form-action`: Chromium applies it to the redirect to the client as well.
fn content_security_policy() -> String {
    let style = base64_url(digest(&SHA256, STYLE.as_bytes()).as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{style}='; img-src data:; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

const STYLE: &str = "\
    body{font:1rem/1.5 sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}\
    h1{font-size:1.4rem}\
    dt{font-weight:bold}dd{margin:0 0 .5rem;overflow-wrap:anywhere}\
    .code{font:2rem monospace;letter-spacing:.1em}\
    .error{color:#a00}\
    button,input{font:inherit;padding:.4rem 1rem;margin:.5rem .5rem .5rem 0}\
    footer{margin-top:2rem;color:#666;font-size:.85rem}";

/// Escapes text for an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
