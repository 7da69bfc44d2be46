//! The directories and paths of cache files under the home directory.
//!
//! Nothing here accesses a file.

use std::path::PathBuf;

use sso_types::Environment;

use crate::StoreError;
use crate::cache_key::file_name;

/// The path of the token file for `key`, for the user whose process this is:
/// `<lowercase hex SHA-1 of the key>.json` in [`token_cache_dir`], which is `<home>/.aws/sso/cache`
/// unless the variable `SSOCREDS_CACHE_DIR` is set.
///
/// `key` is the name of the sso-session, or the start URL of a legacy profile, byte for byte as
/// configured; a [`CacheKey`](crate::CacheKey) is one. Reads the process environment
/// ([`Environment::from_process`]), which may ask the user database.
pub fn standard_cached_token_filepath(key: impl AsRef<str>) -> Result<PathBuf, StoreError> {
    standard_cached_token_filepath_in(key, &Environment::from_process())
}

/// As [`standard_cached_token_filepath`], for another environment than that of the process.
///
/// ```
/// use sso_cache::standard_cached_token_filepath_in;
/// use sso_types::Environment;
///
/// let environment = Environment::from_iter([("HOME", "/home/ana")]);
/// # let environment = environment.with("USERPROFILE", "/home/ana"); // on Windows
/// let path = standard_cached_token_filepath_in("admin", &environment)?;
/// assert!(path.ends_with(".aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json"));
/// # Ok::<(), sso_cache::StoreError>(())
/// ```
pub fn standard_cached_token_filepath_in(
    key: impl AsRef<str>,
    environment: &Environment,
) -> Result<PathBuf, StoreError> {
    let key = key.as_ref();
    if key.is_empty() {
        return Err(StoreError::EmptyKey);
    }
    let mut path = token_cache_dir(environment)?;
    path.push(file_name(key));
    Ok(path)
}

/// The directory of the token files: `SSOCREDS_CACHE_DIR`, else `<home>/.aws/sso/cache`. Fails when
/// neither that variable is set nor a home directory is known.
pub fn token_cache_dir(environment: &Environment) -> Result<PathBuf, StoreError> {
    match environment.var_os("SSOCREDS_CACHE_DIR") {
        Some(directory) => Ok(directory.into()),
        None => under_home(environment, ["sso", "cache"]),
    }
}

/// The directory of cached role credentials: `SSOCREDS_ROLE_CACHE_DIR`, else the AWS CLI's,
/// `<home>/.aws/cli/cache`. Fails when neither that variable is set nor a home directory is known.
pub fn role_cache_dir(environment: &Environment) -> Result<PathBuf, StoreError> {
    match environment.var_os("SSOCREDS_ROLE_CACHE_DIR") {
        Some(directory) => Ok(directory.into()),
        None => under_home(environment, ["cli", "cache"]),
    }
}

fn under_home(environment: &Environment, names: [&str; 2]) -> Result<PathBuf, StoreError> {
    let mut path = environment.home_dir().ok_or(StoreError::NoHome)?;
    // Room for the names and for the file's, so that the path is moved once at most.
    path.reserve(64);
    path.push(".aws");
    path.extend(names);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The variable for the home directory.
    const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

    #[test]
    fn variables_choose_other_directories() {
        let environment = Environment::from_iter([
            (HOME, "/h"),
            ("SSOCREDS_CACHE_DIR", "/tokens"),
            ("SSOCREDS_ROLE_CACHE_DIR", "/roles"),
        ]);
        let file = standard_cached_token_filepath_in("admin", &environment).unwrap();
        assert_eq!(file.parent(), Some(Path::new("/tokens")));
        assert_eq!(role_cache_dir(&environment).unwrap(), PathBuf::from("/roles"));
        let empty = environment.with("SSOCREDS_ROLE_CACHE_DIR", "");
        assert_eq!(role_cache_dir(&empty).unwrap(), PathBuf::from("/h/.aws/cli/cache"));
    }

    #[test]
    fn an_empty_key_and_no_home_are_errors() {
        let environment = Environment::from_iter([(HOME, "/h")]);
        let error = standard_cached_token_filepath_in("", &environment).unwrap_err();
        assert!(matches!(error, StoreError::EmptyKey), "{error}");
        let error = standard_cached_token_filepath_in("a", &Environment::default()).unwrap_err();
        assert!(matches!(error, StoreError::NoHome), "{error}");
        assert!(role_cache_dir(&Environment::default()).is_err());
    }

    #[test]
    fn the_directories_are_those_of_the_aws_cli() {
        let environment = Environment::from_iter([(HOME, "/h")]);
        let home = Path::new("/h");
        assert_eq!(token_cache_dir(&environment).unwrap(), home.join(".aws/sso/cache"));
        assert_eq!(role_cache_dir(&environment).unwrap(), home.join(".aws/cli/cache"));
    }
}
