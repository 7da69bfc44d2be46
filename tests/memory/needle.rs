//! Searches memory for secrets.

use std::fs::{self, File};
use std::io::BufRead as _;
use std::os::unix::fs::FileExt as _;

use sso_types::AccessToken;
use zeroize::Zeroizing;

/// The mask (XOR) of the stored bytes, so that the searched pattern itself is not found in memory.
const MASK: u8 = 0xa5;
/// The length of the pattern, and the number of its repetitions in a secret. The allocator overwrites the
/// first bytes of freed memory, so one repetition would not be enough.
const UNIT: usize = 24;
const REPEATS: usize = 10;
/// Larger maps are skipped: they are the shadow memory of the address sanitizer.
const LARGEST_MAP: u64 = 1 << 30;

/// A pattern to search for, stored under the mask.
#[derive(Debug)]
pub(crate) struct Needle {
    pub(crate) name: String,
    masked: Vec<u8>,
}

impl Needle {
    /// Creates a different secret for each name. It contains slashes, which JSON may escape.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        // FNV-1a, then a linear congruential generator: random enough to be unique in memory.
        let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let masked = (0..UNIT).map(|place| {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            let letter = b'a' + u8::try_from((state >> 33) % 26).unwrap();
            MASK ^ if place == UNIT - 1 { b'/' } else { letter }
        });
        Self { masked: masked.collect(), name }
    }

    /// Creates a pattern of the middle bytes of a given secret.
    pub(crate) fn of(name: &str, secret: &str) -> Self {
        let start = secret.len().saturating_sub(UNIT) / 2;
        let middle = secret.as_bytes()[start..].iter().take(UNIT);
        Self { name: name.to_owned(), masked: middle.map(|byte| byte ^ MASK).collect() }
    }

    /// Returns the secret.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(UNIT * REPEATS));
        for _ in 0..REPEATS {
            text.extend(self.masked.iter().map(|byte| char::from(byte ^ MASK)));
        }
        text
    }

    pub(crate) fn is(&self, secret: &str) -> bool {
        secret == *self.text()
    }

    fn is_end_of(&self, bytes: &[u8]) -> bool {
        let masked = self.masked.iter().rev();
        bytes.len() >= self.masked.len()
            && masked.zip(bytes.iter().rev()).all(|(own, byte)| byte ^ MASK == *own)
    }
}

/// Returns the patterns that are in memory, with their number and place.
///
/// Overwrites the unused stack first. Saved registers there may contain parts of a secret, which no code
/// can clear and which later calls overwrite.
#[expect(clippy::large_stack_arrays, reason = "the array overwrites the stack")]
pub(crate) fn find(needles: &[&Needle]) -> Vec<String> {
    let mut stack = [0_u8; 512 << 10];
    std::hint::black_box(&mut stack);
    search(needles)
}

fn search(needles: &[&Needle]) -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut counts = vec![0; needles.len()];
    let mut places = vec![String::new(); needles.len()];
    let mut buffer = Zeroizing::new(vec![0; 1 << 20]);
    for map in maps.lines() {
        let mut words = map.split_whitespace();
        let (range, mode) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, end) = (number(start), number(end));
        if !mode.starts_with("rw") || end - at > LARGEST_MAP {
            continue;
        }
        while at < end {
            // Skips the buffer, which contains copies of the memory.
            let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
            if own.contains(&at) {
                at = own.end;
                continue;
            }
            let until = if at < own.start { end.min(own.start) } else { end };
            let wanted = usize::try_from(until - at).unwrap().min(buffer.len());
            let Ok(read @ 1..) = memory.read_at(&mut buffer[..wanted], at) else { break };
            for (needle, (count, place)) in needles.iter().zip(counts.iter_mut().zip(&mut places)) {
                // A search by the standard library, which is fast even in a debug build.
                let last = needle.masked.last().unwrap() ^ MASK;
                let mut rest = &buffer[..read];
                while rest.skip_until(last).unwrap() > 0 {
                    if needle.is_end_of(&buffer[..read - rest.len()]) {
                        *count += 1;
                        place.clear();
                        place.push_str(words.clone().next_back().unwrap_or_default());
                    }
                }
            }
            buffer[..read].fill(0);
            // The pieces overlap, so that a pattern across two pieces is found.
            let step = if read > UNIT && at + (read as u64) < until { read - UNIT } else { read };
            at += step as u64;
        }
    }
    let found =
        needles.iter().zip(counts.iter().zip(&places)).filter(|(_, (count, _))| **count > 0);
    found
        .map(|(needle, (count, place))| format!("{} ({count} times, {place})", needle.name))
        .collect()
}

/// Tests the search: a held secret and a freed string are found, a cleared secret is not.
pub(crate) fn the_search_finds_held_and_freed_but_not_cleared_secrets() {
    let (held, freed, never) = (Needle::new("held"), Needle::new("freed"), Needle::new("never"));
    let all = [&held, &freed, &never];
    assert_eq!(find(&all), Vec::<String>::new());
    let token = AccessToken::new(held.text().as_str());
    drop(String::from(freed.text().as_str()));
    let found = find(&all);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("held (") && found[1].starts_with("freed ("), "{found:?}");
    assert!(held.is(token.expose_secret()));
    drop(token);
    let found = find(&all);
    assert!(found.iter().all(|it| it.starts_with("freed (")), "{found:?}");
}
