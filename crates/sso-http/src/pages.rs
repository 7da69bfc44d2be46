//! Lists that come in pages, as a stream.
//!
//! Not responsible for retries: give it a service that has them.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tower::Service;

use crate::{BoxError, Operation, ServiceError};

/// An operation whose answer is one page of a list.
pub trait PagedOperation: Operation {
    /// The same request for the page that follows the answer that held `next_token`.
    #[must_use]
    fn page(self, next_token: String) -> Self;

    /// The token of the page after this one; `None` on the last.
    fn page_after(response: &Self::Response) -> Option<&str>;
}

/// The pages of a list, asked for one after the other as they are wanted: a
/// [`Stream`], and [`Pages::next_page`] for who has no stream library.
///
/// It ends after the last page or the first error. A page that names itself as the next one is an
/// error: to go on would never end.
pub struct Pages<S, Op: PagedOperation> {
    service: S,
    next: Option<Op>,
    /// The token that the current page was asked for with.
    token: Option<String>,
    in_flight: Option<PageFuture<Op::Response>>,
}

type PageFuture<T> = Pin<Box<dyn Future<Output = Result<T, ServiceError>> + Send>>;

impl<S, Op: PagedOperation> Pages<S, Op> {
    /// The pages from the one that `operation` asks for, over any service of that operation: a
    /// [`Portal`](crate::Portal), one with layers around it, a mock.
    pub fn new(service: S, operation: Op) -> Self {
        Self { service, next: Some(operation), token: None, in_flight: None }
    }

    /// The next page; `None` after the last one or an error. Dropping the future loses nothing: the
    /// next call goes on where it was.
    pub async fn next_page(&mut self) -> Option<Result<Op::Response, ServiceError>>
    where
        S: Service<Op, Response = Op::Response> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn turn(&mut self, page: &Op::Response, asked: Op) -> Result<(), ServiceError> {
        let Some(token) = Op::page_after(page) else { return Ok(()) };
        if self.token.as_deref() == Some(token) {
            return Err(ServiceError::malformed("its nextToken is that of the page itself")
                .with_operation(Op::NAME));
        }
        self.token = Some(token.to_owned());
        self.next = Some(asked.page(token.to_owned()));
        Ok(())
    }
}

impl<S, Op> Stream for Pages<S, Op>
where
    Op: PagedOperation,
    S: Service<Op, Response = Op::Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    type Item = Result<Op::Response, ServiceError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(operation) = &this.next else { return Poll::Ready(None) };
        let in_flight = this.in_flight.get_or_insert_with(|| {
            let mut service = this.service.clone();
            let operation = operation.clone();
            Box::pin(async move {
                let boxed = |error: S::Error| ServiceError::from_boxed(error.into());
                poll_fn(|cx| service.poll_ready(cx)).await.map_err(boxed)?;
                service.call(operation).await.map_err(boxed)
            })
        });
        let page = ready!(in_flight.as_mut().poll(cx));
        this.in_flight = None;
        let asked = this.next.take();
        let page = page.and_then(|page| match asked {
            Some(asked) => this.turn(&page, asked).map(|()| page),
            None => Ok(page),
        });
        Poll::Ready(Some(page))
    }
}

/// Nothing in it is pinned but what is boxed.
impl<S, Op: PagedOperation> Unpin for Pages<S, Op> {}

impl<S, Op: PagedOperation> fmt::Debug for Pages<S, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &Op::NAME)
            .field("ended", &self.next.is_none())
            .finish_non_exhaustive()
    }
}
