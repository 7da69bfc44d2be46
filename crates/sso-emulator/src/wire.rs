//! Bodies that break off, stop or never end, and bytes that are not HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What comes in place of an answer; no line of it is an HTTP status line.
const GARBAGE: &[u8] = b"\x16\x03\x03garbage\x00\xff, and no HTTP\r\n\r\n";

/// The connection is to be closed without (the rest of) the answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes the connection")]
pub(crate) struct Dropped;

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct WireBody {
    next: Option<Bytes>,
    /// As the head of the answer says; none when it has no end.
    length: Option<u64>,
    ending: Ending,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Whole,
    /// One more turn, so that what was sent before is on its way, then broken off.
    BreakSoon,
    Break,
    Stall,
    Repeat,
}

impl WireBody {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self { length: Some(body.len() as u64), next: Some(body), ending: Ending::Whole }
    }

    /// Half of the body, then the connection breaks.
    pub(crate) fn broken(body: &Bytes) -> Self {
        Self::half(body, Ending::BreakSoon)
    }

    /// Half of the body, then nothing.
    pub(crate) fn stalled(body: &Bytes) -> Self {
        Self::half(body, Ending::Stall)
    }

    /// Begins like JSON, and never ends.
    pub(crate) fn endless() -> Self {
        let begin = Bytes::from_static(b"{\"accessToken\":\"");
        Self { next: Some(begin), length: None, ending: Ending::Repeat }
    }

    fn half(body: &Bytes, ending: Ending) -> Self {
        // A byte more than there is, so that also an empty body is cut.
        let length = Some(body.len() as u64 + 1);
        Self { next: Some(body.slice(..body.len() / 2)), length, ending }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        static FILL: [u8; 8192] = [b'a'; 8192];
        if let Some(next) = self.next.take().filter(|next| !next.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(next))));
        }
        match self.ending {
            Ending::Whole => Poll::Ready(None),
            Ending::BreakSoon => {
                self.ending = Ending::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Break => Poll::Ready(Some(Err(Dropped))),
            Ending::Stall => Poll::Pending,
            Ending::Repeat => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&FILL))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.ending, Ending::Whole) && self.next.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        // Asked for before the first frame alone: it makes the Content-Length.
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Tells the wire of one connection to send garbage from now on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sabotage(Arc<AtomicBool>);

impl Sabotage {
    pub(crate) fn send_garbage(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A stream that can be told to send garbage in place of what it is given.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: S,
    sabotage: Sabotage,
    garbage: &'static [u8],
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, sabotage: Sabotage) -> Self {
        Self { stream, sabotage, garbage: GARBAGE }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.sabotage.0.load(Ordering::SeqCst) {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        while !self.garbage.is_empty() {
            let garbage = self.garbage;
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, garbage))?;
            self.garbage = garbage.get(sent..).unwrap_or_default();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
