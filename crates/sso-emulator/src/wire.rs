//! Bodies that are cut, stall or are endless, and bytes that are not HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes that replace an answer. No line is an HTTP status line.
const GARBAGE: &[u8] = b"\x16\x03\x03garbage\x00\xff, and no HTTP\r\n\r\n";

/// The error that makes hyper close the connection without the rest of the answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes the connection")]
pub(crate) struct Dropped;

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct WireBody {
    next: Option<Bytes>,
    /// The length in the head of the answer. `None` for an endless body.
    length: Option<u64>,
    ending: Ending,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Whole,
    /// Yields once, so that earlier data is sent, and then breaks the connection.
    BreakSoon,
    Break,
    Stall,
    Repeat,
}

impl WireBody {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self { length: Some(body.len() as u64), next: Some(body), ending: Ending::Whole }
    }

    /// Returns half of the body, then breaks the connection.
    pub(crate) fn broken(body: &Bytes) -> Self {
        Self::half(body, Ending::BreakSoon)
    }

    /// Returns half of the body, then nothing.
    pub(crate) fn stalled(body: &Bytes) -> Self {
        Self::half(body, Ending::Stall)
    }

    /// Returns an endless body that begins like JSON.
    pub(crate) fn endless() -> Self {
        let begin = Bytes::from_static(b"{\"accessToken\":\"");
        Self { next: Some(begin), length: None, ending: Ending::Repeat }
    }

    fn half(body: &Bytes, ending: Ending) -> Self {
        // One byte more than the body has, so that even an empty body is incomplete.
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
        // hyper calls this only before the first frame, for the Content-Length header.
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A switch that makes one connection send garbage.
#[derive(Debug, Clone, Default)]
pub(crate) struct GarbageSwitch(Arc<AtomicBool>);

impl GarbageSwitch {
    pub(crate) fn send_garbage(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A stream that sends garbage instead of its data after the switch was used.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: S,
    garbage_switch: GarbageSwitch,
    garbage: &'static [u8],
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, garbage_switch: GarbageSwitch) -> Self {
        Self { stream, garbage_switch, garbage: GARBAGE }
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
        if !self.garbage_switch.0.load(Ordering::SeqCst) {
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
