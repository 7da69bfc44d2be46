//! Resolves a start URL on a custom domain to the AWS access portal that it redirects to.
//!
//! The rules are those of the AWS CLI 2.36: send HEAD, or GET if the response is 405 or 501, and
//! follow one redirect. The result must be an `https` URL on a host of AWS. Its host name may
//! contain the region.

use std::pin::Pin;
use std::time::Duration;

use http::{Method, Request, StatusCode, Uri, header};
use sso_http::{BoxError, RequestBody, ResponseBody};
use sso_types::{Region, StartUrl};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use crate::LoginError;
use crate::session::LoginSession;

/// The time limit for one request to the custom domain.
const TIMEOUT: Duration = Duration::from_secs(10);

const AWS_DOMAINS: &[&str] = &[
    "app.aws",
    "awsapps.com",
    "awsapps.cn",
    "portal.amazonaws.com",
    "portal.amazonaws.com.cn",
    "portal.amazonaws.eu",
];
const AWS_ISSUERS: &[&str] = &[
    "identitycenter.amazonaws.com",
    "identitycenter.amazonaws.com.cn",
    "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
];

/// The HTTP client that the caller passed, with its type erased.
pub(crate) type Https =
    BoxCloneSyncService<Request<RequestBody>, http::Response<ResponseBody>, BoxError>;

/// The AWS access portal of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portal {
    /// The start URL after the redirect, if there was one. Its host belongs to AWS.
    pub(crate) start_url: StartUrl,
    /// The region of the services.
    pub(crate) region: Region,
}

/// Resolves the start URL of `session`. Sends no request if its host belongs to AWS.
pub(crate) async fn resolve(https: &Https, session: &LoginSession) -> Result<Portal, LoginError> {
    let configured = session.start_url().as_str();
    let url = parse(configured);
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host()?))) else {
        return Err(invalid(configured, "it is not a URL"));
    };
    if is_aws(host) {
        return Ok(portal(session, session.start_url().clone(), host));
    }
    if url.scheme_str() != Some("https") {
        return Err(invalid(configured, "it is on a custom domain and is not https"));
    }
    let location = redirect(https, url, configured).await?;
    let Some((resolved, host)) = location.as_ref().and_then(|it| Some((it, it.host()?))) else {
        return Err(invalid(configured, "it does not redirect to a URL"));
    };
    if !is_aws(host) {
        return Err(invalid(configured, "it redirects to a host that is not AWS's"));
    }
    if resolved.scheme_str() != Some("https") {
        return Err(invalid(configured, "it redirects to a URL that is not https"));
    }
    let path = resolved.path().trim_end_matches('/');
    let authority = resolved.authority().map_or(host, |authority| authority.as_str());
    match StartUrl::new(format!("https://{authority}{path}")) {
        Ok(start_url) => Ok(portal(session, start_url, host)),
        Err(_) => Err(invalid(configured, "it redirects to a URL that cannot be used")),
    }
}

fn portal(session: &LoginSession, start_url: StartUrl, host: &str) -> Portal {
    let from_host = region(host).and_then(|region| Region::new(region).ok());
    // Only a redirect from a custom domain overrides the configured region.
    let is_custom = start_url != *session.start_url();
    let region = from_host.filter(|_| is_custom).unwrap_or_else(|| session.region().clone());
    Portal { start_url, region }
}

/// Returns the URL to which the custom domain redirects, or `None` if it does not redirect.
async fn redirect(https: &Https, url: &Uri, configured: &str) -> Result<Option<Uri>, LoginError> {
    let mut response = send(https, Method::HEAD, url, configured).await?;
    if matches!(response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
        response = send(https, Method::GET, url, configured).await?;
    }
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
    Ok(location.and_then(parse))
}

async fn send(
    https: &Https,
    method: Method,
    url: &Uri,
    configured: &str,
) -> Result<http::Response<ResponseBody>, LoginError> {
    let mut request = Request::new(RequestBody::empty());
    *request.method_mut() = method;
    *request.uri_mut() = url.clone();
    // Boxed, because rustc cannot prove that the service's own future is `Send`.
    let response_future: Pin<Box<dyn Future<Output = Result<_, BoxError>> + Send>> =
        Box::pin(https.clone().oneshot(request));
    match tokio::time::timeout(TIMEOUT, response_future).await {
        Ok(sent) => sent.map_err(|error| LoginError::unreachable(configured, error)),
        Err(elapsed) => Err(LoginError::unreachable(configured, elapsed.into())),
    }
}

fn invalid(start_url: &str, reason: &'static str) -> LoginError {
    LoginError::StartUrl { start_url: start_url.to_owned(), reason }
}

/// Parses a URL without its fragment, which is not sent in requests.
fn parse(url: &str) -> Option<Uri> {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    url.parse().ok()
}

fn is_aws(host: &str) -> bool {
    let host = normalize(host);
    let is_below = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    AWS_ISSUERS.contains(&host.as_str()) || AWS_DOMAINS.iter().any(|domain| is_below(domain))
}

/// Returns the region in the host name of a portal: `ID.portal.REGION.app.aws` or
/// `ID.REGION.portal.amazonaws.com`.
fn region(host: &str) -> Option<String> {
    let host = normalize(host);
    let labels: Vec<_> = host.split('.').collect();
    match labels.as_slice() {
        [_, "portal", region, "app", "aws"]
        | [_, region, "portal", "amazonaws", "com" | "eu"]
        | [_, region, "portal", "amazonaws", "com", "cn"] => Some((*region).to_owned()),
        _ => None,
    }
}

fn normalize(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_aws_are_accepted() {
        for host in [
            "my-sso-portal.awsapps.com",
            "D-1.AWSAPPS.com.",
            "ssoins-1.portal.us-east-1.app.aws",
            "ssoins-1.us-east-1.portal.amazonaws.com",
            "identitycenter.amazonaws.com",
        ] {
            assert!(is_aws(host), "{host}");
        }
        for host in [
            "sso.example.com",
            "evilawsapps.com",
            "awsapps.com.example.com",
            "x.identitycenter.amazonaws.com",
            "s3.amazonaws.com",
            "bucket.s3.amazonaws.com",
        ] {
            assert!(!is_aws(host), "{host}");
        }
    }

    #[test]
    fn the_region_is_read_from_the_host_of_a_portal() {
        for (host, expected) in [
            ("ssoins-1.portal.eu-west-1.app.aws", Some("eu-west-1")),
            ("ssoins-1.eu-west-1.portal.amazonaws.com", Some("eu-west-1")),
            ("ssoins-1.cn-north-1.portal.amazonaws.com.cn", Some("cn-north-1")),
            ("my-sso-portal.awsapps.com", None),
        ] {
            assert_eq!(region(host).as_deref(), expected, "{host}");
        }
    }
}
