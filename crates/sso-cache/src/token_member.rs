//! The members of a token file: the known fields, their names and their places.

use std::ops::Range;

/// The fields that mean something to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    AccessToken,
    ExpiresAt,
    RefreshToken,
    ClientId,
    ClientSecret,
    RegistrationExpiresAt,
    Region,
    StartUrl,
}

/// A member of the object, in its place.
#[derive(Clone)]
pub(crate) struct KnownMember {
    /// Which field it is; `None` for one that is only kept.
    pub(crate) field: Option<Field>,
    /// Where the name stands in the text, with its quotes.
    pub(crate) name: Range<usize>,
    /// Where the value stands in the text; `None` when it is written from the token's own field.
    pub(crate) value: Option<Range<usize>>,
}

/// A field that need not be there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Optional<T> {
    /// It is not there, or `null`.
    Missing,
    /// It is there and cannot be used.
    Unusable,
    Present(T),
}

impl Field {
    pub(crate) const ALL: [Self; 8] = [
        Self::AccessToken,
        Self::ExpiresAt,
        Self::RefreshToken,
        Self::ClientId,
        Self::ClientSecret,
        Self::RegistrationExpiresAt,
        Self::Region,
        Self::StartUrl,
    ];

    /// The place in a file that the AWS CLI writes at a login.
    pub(crate) fn place(self) -> u8 {
        match self {
            Self::StartUrl => 0,
            Self::Region => 1,
            Self::AccessToken => 2,
            Self::ExpiresAt => 3,
            Self::ClientId => 4,
            Self::ClientSecret => 5,
            Self::RegistrationExpiresAt => 6,
            Self::RefreshToken => 7,
        }
    }

    /// The name, in the AWS CLI's spelling.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::ExpiresAt => "expiresAt",
            Self::RefreshToken => "refreshToken",
            Self::ClientId => "clientId",
            Self::ClientSecret => "clientSecret",
            Self::RegistrationExpiresAt => "registrationExpiresAt",
            Self::Region => "region",
            Self::StartUrl => "startUrl",
        }
    }
}

impl<T> Optional<T> {
    pub(crate) fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Missing | Self::Unusable => None,
        }
    }

    pub(crate) fn map<U>(self, with: impl FnOnce(T) -> U) -> Optional<U> {
        match self {
            Self::Missing => Optional::Missing,
            Self::Unusable => Optional::Unusable,
            Self::Present(value) => Optional::Present(with(value)),
        }
    }
}
