//! Lists of several pages.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use sso_http::{
    ListAccounts, ListAccountsResponse, OperationService, PagedOperation as _, Pages, RetryLayer,
    ServiceError,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::Layer;

use crate::operations::{account, token};
use crate::server::{Server, answer, json};

fn page(next: &str, id: &str) -> crate::server::Reply {
    json(200, &format!(r#"{{"nextToken":{next},"accountList":[{{"accountId":"{id}"}}]}}"#))
}

#[tokio::test]
async fn all_pages_are_requested_one_after_the_other() {
    let server =
        Server::start([page("\"n 1\"", "1"), page("\"n2\"", "2"), page("null", "3")]).await;
    let mut pages = server.portal().accounts(token());
    let mut ids = Vec::new();
    while let Some(page) = pages.next_page().await {
        ids.extend(
            page.unwrap().account_list.into_iter().map(|account| account.account_id.to_string()),
        );
    }
    assert_eq!(ids, ["1", "2", "3"]);
    assert!(pages.next_page().await.is_none());
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(
        targets,
        [
            "/assignment/accounts",
            "/assignment/accounts?next_token=n%201",
            "/assignment/accounts?next_token=n2"
        ]
    );
}

#[tokio::test]
async fn pages_are_a_stream() {
    let server = Server::start([json(200, r#"{"roleList":[{"roleName":"R"}]}"#)]).await;
    let mut pages = server.portal().account_roles(token(), account());
    let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut pages).poll_next(cx)).await;
    assert_eq!(next().await.unwrap().unwrap().role_list[0].role_name.as_str(), "R");
    assert!(next().await.is_none());
}

#[tokio::test]
async fn an_error_ends_the_list_unless_it_is_retried() {
    let replies = [page("\"n\"", "1"), answer(503, &[], ""), page("null", "2")];
    let server = Server::start(replies.clone()).await;
    let mut pages = server.portal().accounts(token());
    assert!(pages.next_page().await.unwrap().is_ok());
    assert_eq!(pages.next_page().await.unwrap().unwrap_err().status(), Some(503));
    assert!(pages.next_page().await.is_none());

    let server = Server::start(replies).await;
    let retry = RetryLayer::standard().backoff(Duration::ZERO, Duration::ZERO);
    let mut pages = Pages::new(retry.layer(server.portal()), ListAccounts::new(token()));
    assert!(pages.next_page().await.unwrap().is_ok());
    assert!(pages.next_page().await.unwrap().is_ok());
    assert!(pages.next_page().await.is_none());
}

/// A portal with an endless list. `next` computes the `nextToken` from the number of the page.
fn endless(next: fn(usize) -> String) -> impl OperationService<ListAccounts> {
    let page = Arc::<AtomicUsize>::default();
    tower::service_fn(move |_: ListAccounts| {
        let page = page.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<_, ServiceError>(ListAccountsResponse::new(
            vec![],
            Some(next(page)),
        )))
    })
}

#[tokio::test]
async fn an_endless_list_is_an_error() {
    type Next = fn(usize) -> String;
    let cases: [(Next, usize, &str); 2] = [
        (|page| page.to_string(), 9_999, "10,000 pages"),
        // The tokens repeat after three pages.
        (|page| (page % 3).to_string(), 3, "repeats a nextToken"),
    ];
    for (next, pages, text) in cases {
        let mut list = ListAccounts::new(token()).pages(endless(next));
        for _ in 0..pages {
            list.next_page().await.unwrap().unwrap();
        }
        let error = list.next_page().await.unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(list.next_page().await.is_none());
    }
}

#[tokio::test]
async fn a_repeated_next_token_is_an_error() {
    let server = Server::start([page("\"same\"", "1")]).await;
    let mut pages = server.portal().accounts(token());
    assert!(pages.next_page().await.unwrap().is_ok());
    let error = pages.next_page().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("nextToken"), "{error}");
    assert!(pages.next_page().await.is_none());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn next_page_is_cancel_safe() {
    let slow = crate::server::raw(200, &[], r#"{"accountList":[{"accountId":"1"}]}"#);
    let server = Server::start([crate::server::Reply::Drip(slow, Duration::from_millis(1))]).await;
    let mut pages = server.portal().accounts(token());
    tokio::time::timeout(Duration::from_millis(20), pages.next_page()).await.unwrap_err();
    assert_eq!(pages.next_page().await.unwrap().unwrap().account_list.len(), 1);
    assert_eq!(server.requests().len(), 1, "the same request continued");
}
