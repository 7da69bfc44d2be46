//! A connection as the HTTP library reads and writes it, however it came about.
//!
//! Not responsible for opening it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to the first machine on the way: over TLS when that is a proxy that wants it.
pub(super) type Hop = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection to a service.
pub(super) struct Stream {
    io: MaybeHttpsStream<Hop>,
    /// Whether a proxy reads the requests and passes them on: they need absolute URLs then.
    forwarded: bool,
}

impl Stream {
    pub(super) fn new(io: MaybeHttpsStream<Hop>) -> Self {
        Self { io, forwarded: false }
    }

    pub(super) fn forwarded(hop: Hop) -> Self {
        Self { io: MaybeHttpsStream::Http(hop), forwarded: true }
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut MaybeHttpsStream<Hop>> {
        Pin::new(&mut self.get_mut().io)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwarded)
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.io().poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io().poll_write_vectored(cx, slices)
    }
}
