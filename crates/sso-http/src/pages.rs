//! Paginated lists, as streams of pages.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::{Operation, OperationService, ServiceError, ServiceFuture};

/// The largest number of pages of a list: a million entries, far more than any organization has.
const MAX_PAGES: usize = 10_000;

/// An operation whose answer is one page of a list.
pub trait PagedOperation: Operation {
    /// Returns the same request for the page of `next_token`.
    #[must_use]
    fn page(self, next_token: String) -> Self;

    /// Returns the token of the page after this one; `None` on the last page.
    fn page_after(response: &Self::Response) -> Option<&str>;

    /// Returns this page and all later ones. `service` sends the requests: a
    /// [`Portal`](crate::Portal), with or without layers, or a mock.
    fn pages<S>(self, service: S) -> Pages<S, Self> {
        Pages::new(service, self)
    }
}

/// The pages of a list, requested one after the other. A [`Stream`], with [`Pages::next_page`] for
/// callers without a stream library.
///
/// It ends after the last page or the first error. A list that repeats a `nextToken`, or has more
/// than 10,000 pages, is an error. `Pages` does not retry; use a service with a retry layer.
pub struct Pages<S, Op: PagedOperation> {
    service: S,
    next: Option<Op>,
    in_flight: Option<ServiceFuture<Op::Response>>,
    /// Hashes of the `nextToken`s so far.
    tokens: HashSet<u64>,
    hasher: RandomState,
}

impl<S, Op: PagedOperation> Pages<S, Op> {
    /// Returns the pages, beginning with the one that `operation` requests.
    pub fn new(service: S, operation: Op) -> Self {
        Self {
            service,
            next: Some(operation),
            in_flight: None,
            tokens: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    /// Requests the next page. Returns `None` after the last page or an error.
    ///
    /// Cancel safe: if the future is dropped, the next call continues the same request.
    pub async fn next_page(&mut self) -> Option<Result<Op::Response, ServiceError>>
    where
        S: OperationService<Op>,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Stores the operation for the page after `page`.
    fn advance(&mut self, page: &Op::Response, operation: Op) -> Result<(), ServiceError> {
        let Some(token) = Op::page_after(page) else { return Ok(()) };
        if !self.tokens.insert(self.hasher.hash_one(token)) {
            return Err(malformed::<Op>("it repeats a nextToken"));
        }
        if self.tokens.len() >= MAX_PAGES {
            return Err(malformed::<Op>("the list has more than 10,000 pages"));
        }
        self.next = Some(operation.page(token.to_owned()));
        Ok(())
    }
}

fn malformed<Op: Operation>(what: &str) -> ServiceError {
    ServiceError::malformed(what).with_operation(Op::NAME)
}

impl<S, Op> Stream for Pages<S, Op>
where
    Op: PagedOperation,
    S: OperationService<Op>,
{
    type Item = Result<Op::Response, ServiceError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(operation) = &this.next else { return Poll::Ready(None) };
        let in_flight = this.in_flight.get_or_insert_with(|| {
            let mut service = this.service.clone();
            let operation = operation.clone();
            ServiceFuture::new(async move {
                let boxed = |error: S::Error| ServiceError::from_boxed(error.into());
                poll_fn(|cx| service.poll_ready(cx)).await.map_err(boxed)?;
                service.call(operation).await.map_err(boxed)
            })
        });
        let page = ready!(Pin::new(in_flight).poll(cx));
        this.in_flight = None;
        let operation = this.next.take();
        let page = page.and_then(|page| match operation {
            Some(operation) => this.advance(&page, operation).map(|()| page),
            None => Ok(page),
        });
        Poll::Ready(Some(page))
    }
}

/// No field is pinned, since the futures are boxed.
impl<S, Op: PagedOperation> Unpin for Pages<S, Op> {}

impl<S, Op: PagedOperation> fmt::Debug for Pages<S, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &Op::NAME)
            .field("ended", &self.next.is_none())
            .finish_non_exhaustive()
    }
}
