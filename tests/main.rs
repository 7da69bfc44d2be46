//! End to end, a module a story.
