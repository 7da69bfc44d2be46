//! Search for the names that are most similar to a mistyped one.

/// The largest number of names that are suggested.
const MAX_SUGGESTIONS: usize = 3;

/// The length in characters of the longest name that is compared. Limits the work per name.
const MAX_LENGTH: usize = 64;

/// The largest number of names that are compared.
const MAX_COMPARED: usize = 10_000;

/// Returns the names that are similar to `name`, the most similar first. Ignores letter case.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = folded(name);
    if wanted.is_empty() || wanted.len() > MAX_LENGTH {
        return Vec::new();
    }
    let limit = 1 + wanted.len() / 4;
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in names.take(MAX_COMPARED).filter(|name| name.len() <= 4 * MAX_LENGTH) {
        let candidate = folded(name);
        if candidate.len().abs_diff(wanted.len()) > limit || candidate.len() > MAX_LENGTH {
            continue;
        }
        // At least one character must be the same: "a" is not similar to "b".
        let distance = distance(&wanted, &candidate);
        if distance <= limit && distance < wanted.len().max(candidate.len()) {
            let at = found.partition_point(|other| *other <= (distance, name));
            found.insert(at, (distance, name));
            found.truncate(MAX_SUGGESTIONS);
        }
    }
    found.into_iter().map(|(_, name)| name.to_owned()).collect()
}

fn folded(name: &str) -> Vec<char> {
    name.chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns the number of characters to insert, remove, replace or swap with their neighbour: the
/// optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, &in_a) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        let mut left = row + 1;
        current.push(left);
        let mut previous_b = None;
        for (column, (&in_b, above)) in b.iter().zip(last.windows(2)).enumerate() {
            let &[above_left, above] = above else { break };
            let mut cost = (above_left + usize::from(in_a != in_b)).min(above + 1).min(left + 1);
            if previous_a == Some(in_b) && previous_b == Some(in_a) {
                // Swapped: two rows up, two columns left.
                if let Some(swapped) = column.checked_sub(1).and_then(|at| before_last.get(at)) {
                    cost = cost.min(swapped + 1);
                }
            }
            current.push(cost);
            left = cost;
            previous_b = Some(in_b);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_a = Some(in_a);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ab", 1),
            ("abc", "xabc", 1),
            ("abc", "acb", 1),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
            ("dev-admin", "dve-amdin", 2),
        ] {
            assert_eq!(distance(&folded(a), &folded(b)), expected, "{a} {b}");
            assert_eq!(distance(&folded(b), &folded(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_similar_names_are_proposed() {
        let names =
            ["default", "dev-admin", "dev-readonly", "prod-admin", "Dev-Amdin", "dev-admim"];
        for (name, expected) in [
            ("dev-admin", &["dev-admin", "Dev-Amdin", "dev-admim"][..]),
            ("DEFAULT", &["default"]),
            ("devreadonly", &["dev-readonly"]),
            ("prd-admin", &["prod-admin", "dev-admin"]),
            ("staging", &[]),
            ("d", &[]),
            ("", &[]),
        ] {
            assert_eq!(nearest(name, names.into_iter()), expected, "{name}");
        }
        assert_eq!(nearest("a", ["b", "A", "ab"].into_iter()), ["A", "ab"]);
    }
}
