//! Timing in batches, and how the samples are handed on.
//!
//! Not responsible for what they come to: medians are the caller's.

use std::time::{Duration, Instant};

/// Repeats an operation in batches until a time is over; a sample is a batch's mean.
#[derive(Debug, Clone, Copy)]
pub struct Batches {
    /// How long to go on.
    pub time: Duration,
    /// How many operations a batch has.
    pub size: u32,
}

impl Batches {
    /// Runs `operation`; nanoseconds per operation, one sample a batch.
    pub fn run(self, mut operation: impl FnMut()) -> Vec<f64> {
        let mut samples = Vec::new();
        let started = Instant::now();
        while started.elapsed() < self.time {
            let batch = Instant::now();
            for _ in 0..self.size {
                operation();
            }
            samples.push(batch.elapsed().as_secs_f64() * 1e9 / f64::from(self.size));
        }
        samples
    }

    /// The same on `threads` threads at once; all their samples.
    pub fn on_threads<F: FnMut()>(
        self,
        threads: usize,
        operation: impl Fn() -> F + Sync,
    ) -> Vec<f64> {
        std::thread::scope(|scope| {
            let running: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| self.run(operation()))).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    }
}

/// One line of JSON, `{"ns":[...]}`, as every peer prints it.
#[expect(clippy::print_stdout, reason = "the program's answer")]
pub fn print_samples(samples: &[f64]) {
    println!("{{\"ns\":{samples:?}}}");
}
