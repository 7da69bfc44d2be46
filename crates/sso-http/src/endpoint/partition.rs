//! AWS partitions, with their regions and the suffixes of their host names.
//!
//! The source is `partitions.json` of the AWS SDKs. An integration test compares it with botocore's
//! copy.

use sso_types::Region;

pub(super) struct Partition {
    pub(super) name: &'static str,
    pub(super) dns_suffix: &'static str,
    pub(super) dual_stack_dns_suffix: &'static str,
    /// The beginning of the regions' names. The rest is a hyphen, letters and digits, a hyphen, and
    /// digits.
    prefix: &'static str,
}

/// The partition of all regions that are in no other partition. This includes unknown regions,
/// since most new regions are in this partition. Its prefix is not used.
const AWS: Partition = Partition {
    name: "aws",
    dns_suffix: "amazonaws.com",
    dual_stack_dns_suffix: "api.aws",
    prefix: "",
};

const OTHERS: &[Partition] = &[
    Partition {
        name: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        prefix: "cn",
    },
    Partition {
        name: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        prefix: "us-gov",
    },
    Partition {
        name: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        prefix: "eusc-de",
    },
    Partition {
        name: "aws-iso",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        prefix: "us-iso",
    },
    Partition {
        name: "aws-iso-b",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        prefix: "us-isob",
    },
    Partition {
        name: "aws-iso-e",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        prefix: "eu-isoe",
    },
    Partition {
        name: "aws-iso-f",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        prefix: "us-isof",
    },
];

/// Returns the partition of a region.
pub(super) fn of(region: &Region) -> &'static Partition {
    OTHERS.iter().find(|partition| partition.contains(region.as_str())).unwrap_or(&AWS)
}

impl Partition {
    fn contains(&self, region: &str) -> bool {
        region
            .strip_prefix(self.prefix)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(place, number)| {
                !place.is_empty()
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_region_is_found_by_its_prefix() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("mx-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            // These do not match the pattern, so they are unknown regions.
            ("cn-north", "aws"),
            ("cn-north-x", "aws"),
            ("cn-north-1-a", "aws"),
            ("us-gov-1", "aws"),
            ("xx-newplace-1", "aws"),
            ("eusc-fr-west-1", "aws"),
        ] {
            assert_eq!(of(&Region::new(region).unwrap()).name, partition, "{region}");
        }
    }
}
