using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What is said of errors in limits and their rates: the place, the field and what would be right.</summary>
public sealed class RateErrorTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        {
            "limit_without_name",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - rate: { amount: 1, period: 1s }
            """,
            "6:13: namespaces.demo.plans.free.limits[0].name: is required"
        },
        {
            "limit_name_empty",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name:
                        rate: { amount: 1, period: 1s }
            """,
            "6:18: namespaces.demo.plans.free.limits[0].name: has no value"
        },
        {
            "limit_name_long",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: ééééééééééééééééééééééééééééééééé
                        rate: { amount: 1, period: 1s }
            """,
            """6:19: namespaces.demo.plans.free.limits[0].name: "ééééééééééééééééééééééééééééééééé" has 66 bytes: must have 1 to 64"""
        },
        {
            "limit_name_twice",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - { name: a, rate: { amount: 1, period: 1s } }
                      - { name: a, rate: { amount: 2, period: 1s } }
            """,
            """7:13: namespaces.demo.plans.free.limits[1].name: "a" is the name of another limit of this plan"""
        },
        {
            "limit_without_kind",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
            """,
            "6:13: namespaces.demo.plans.free.limits[0].rate: is required (or quota, or concurrency)"
        },
        {
            "limit_with_both",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        quota: { amount: 1, period: day }
            """,
            "8:20: namespaces.demo.plans.free.limits[0].quota: a limit has a rate or a quota, not both; make it two limits"
        },
        {
            "limit_unknown_field",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        mod: shadow
            """,
            """8:13: namespaces.demo.plans.free.limits[0].mod: unknown field; did you mean "mode"?"""
        },
        {
            "mode_wrong",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        mode: Shadow
            """,
            """8:19: namespaces.demo.plans.free.limits[0].mode: "Shadow" is not one of enforce, shadow; did you mean "shadow"?"""
        },
        {
            "amount_missing",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { period: 1s }
            """,
            "7:19: namespaces.demo.plans.free.limits[0].rate.amount: is required"
        },
        {
            "amount_negative",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: -1, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: "-1" is not a whole number (examples: 10000, 10_000)"""
        },
        {
            "amount_fraction",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1.5, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: "1.5" is not a whole number (examples: 10000, 10_000)"""
        },
        {
            "amount_suffix",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10k, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: "10k" is not a whole number (examples: 10000, 10_000)"""
        },
        {
            "amount_underscores",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1__0, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: "1__0" is not a whole number (examples: 10000, 10_000)"""
        },
        {
            "amount_octal",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 010, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: "010" is not a whole number (examples: 10000, 10_000)"""
        },
        {
            "amount_too_large",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1_000_000_000_000_001, period: 1s }
            """,
            "7:29: namespaces.demo.plans.free.limits[0].rate.amount: 1_000_000_000_000_001 is out of bounds: must be from 0 to 1000000000000000"
        },
        {
            "amount_beyond_64_bits",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 99999999999999999999, period: 1s }
            """,
            "7:29: namespaces.demo.plans.free.limits[0].rate.amount: 99999999999999999999 is out of bounds: must be from 0 to 1000000000000000"
        },
        {
            "amount_is_list",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: [1], period: 1s }
            """,
            "7:29: namespaces.demo.plans.free.limits[0].rate.amount: is a list, but must be a single value"
        },
        {
            "amount_no_value",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: , period: 1s }
            """,
            "7:29: namespaces.demo.plans.free.limits[0].rate.amount: has no value"
        },
        {
            "period_missing",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1 }
            """,
            "7:19: namespaces.demo.plans.free.limits[0].rate.period: is required"
        },
        {
            "period_wrong",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 10x }
            """,
            """7:40: namespaces.demo.plans.free.limits[0].rate.period: "10x" is not a duration (examples: 500ms, 10s, 5m, 1h, 1d)"""
        },
        {
            "period_without_unit",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 10 }
            """,
            """7:40: namespaces.demo.plans.free.limits[0].rate.period: "10" is not a duration (examples: 500ms, 10s, 5m, 1h, 1d)"""
        },
        {
            "period_too_short",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 99ms }
            """,
            "7:40: namespaces.demo.plans.free.limits[0].rate.period: 99ms is out of bounds: must be from 100ms to 366d"
        },
        {
            "period_too_long",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 367d }
            """,
            "7:40: namespaces.demo.plans.free.limits[0].rate.period: 367d is out of bounds: must be from 100ms to 366d"
        },
        {
            "period_beyond_64_bits",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 999999999999999d }
            """,
            "7:40: namespaces.demo.plans.free.limits[0].rate.period: 999999999999999d is out of bounds: must be from 100ms to 366d"
        },
        {
            "period_of_a_quota",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: month }
            """,
            """7:40: namespaces.demo.plans.free.limits[0].rate.period: "month" is a calendar period, which a quota has: write quota instead of rate"""
        },
        {
            "algorithm_wrong",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, algorithm: sliding }
            """,
            """7:56: namespaces.demo.plans.free.limits[0].rate.algorithm: "sliding" is not one of sliding_window, weighted, token_bucket, fixed_window"""
        },
        {
            "buckets_zero",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, buckets: 0 }
            """,
            "7:54: namespaces.demo.plans.free.limits[0].rate.buckets: 0 is out of bounds: must be from 1 to 60"
        },
        {
            "buckets_61",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, buckets: 61 }
            """,
            "7:54: namespaces.demo.plans.free.limits[0].rate.buckets: 61 is out of bounds: must be from 1 to 60"
        },
        {
            "buckets_of_fixed_window",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, algorithm: fixed_window, buckets: 5 }
            """,
            "7:79: namespaces.demo.plans.free.limits[0].rate.buckets: only a sliding_window has buckets"
        },
        {
            "burst_of_sliding_window",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, burst: 5 }
            """,
            "7:52: namespaces.demo.plans.free.limits[0].rate.burst: only a token_bucket has a burst (algorithm: token_bucket)"
        },
        {
            "burst_zero",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, period: 1s, algorithm: token_bucket, burst: 0 }
            """,
            "7:77: namespaces.demo.plans.free.limits[0].rate.burst: 0 is out of bounds: must be from 1 to 1000000000000000"
        },
        {
            "token_bucket_zero_rate",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 0, period: 1s, algorithm: token_bucket }
            """,
            "7:29: namespaces.demo.plans.free.limits[0].rate.amount: 0 is out of bounds: must be from 1 to 1000000000000000"
        },
        {
            "burst_takes_for_ever",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 366d, algorithm: token_bucket, burst: 11 }
            """,
            "7:78: namespaces.demo.plans.free.limits[0].rate.burst: 11 units take longer than ten years to refill at 1 per 366d"
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_where_and_what(string name, string yaml, string expected)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.False(result.IsValid, name);
        Assert.Equal("quota.yaml:" + expected, Assert.Single(result.Errors).ToString());
    }
}
