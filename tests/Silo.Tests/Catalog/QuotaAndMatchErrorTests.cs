using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What is said of errors in quotas, conditions and per: the place, the field and what would be right.</summary>
public sealed class QuotaAndMatchErrorTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        {
            "quota_period_wrong",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: months }
            """,
            """7:41: namespaces.demo.plans.free.limits[0].quota.period: "months" is not one of day, week, month, year; did you mean "month"?"""
        },
        {
            "quota_period_duration",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: 30d }
            """,
            """7:41: namespaces.demo.plans.free.limits[0].quota.period: "30d" is not one of day, week, month, year"""
        },
        {
            "quota_anchor_of_day",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: day, anchor_day: 2 }
            """,
            "7:58: namespaces.demo.plans.free.limits[0].quota.anchor_day: 2 is out of bounds: must be from 1 to 1"
        },
        {
            "quota_anchor_of_week",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: week, anchor_day: 8 }
            """,
            "7:59: namespaces.demo.plans.free.limits[0].quota.anchor_day: 8 is out of bounds: must be from 1 to 7"
        },
        {
            "quota_anchor_of_month",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: month, anchor_day: 32 }
            """,
            "7:60: namespaces.demo.plans.free.limits[0].quota.anchor_day: 32 is out of bounds: must be from 1 to 31"
        },
        {
            "quota_anchor_month_of_month",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: month, anchor_month: 2 }
            """,
            "7:62: namespaces.demo.plans.free.limits[0].quota.anchor_month: only a year has an anchor month"
        },
        {
            "quota_anchor_month_13",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: year, anchor_month: 13 }
            """,
            "7:61: namespaces.demo.plans.free.limits[0].quota.anchor_month: 13 is out of bounds: must be from 1 to 12"
        },
        {
            "quota_zone_misspelt",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: month, time_zone: Europe/Berln }
            """,
            """7:59: namespaces.demo.plans.free.limits[0].quota.time_zone: "Europe/Berln" is not a time zone this machine knows (examples: UTC, Europe/Berlin); did you mean "Europe/Berlin"?"""
        },
        {
            "quota_zone_path",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { amount: 1, period: month, time_zone: ../../etc/passwd }
            """,
            """7:59: namespaces.demo.plans.free.limits[0].quota.time_zone: "../../etc/passwd" is not a time zone this machine knows (examples: UTC, Europe/Berlin)"""
        },
        {
            "quota_amount_missing",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        quota: { period: month }
            """,
            "7:20: namespaces.demo.plans.free.limits[0].quota.amount: is required"
        },
        {
            "match_is_list",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: [route]
            """,
            "8:20: namespaces.demo.plans.free.limits[0].match: is a list, but must be a mapping (attribute: value or list of values)"
        },
        {
            "match_empty_list",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { route: [] }
            """,
            "8:29: namespaces.demo.plans.free.limits[0].match.route: has 0 values: must have 1 to 16"
        },
        {
            "match_value_twice",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { method: [GET, POST, GET] }
            """,
            """8:42: namespaces.demo.plans.free.limits[0].match.method[2]: "GET" is given twice"""
        },
        {
            "match_value_missing",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { method: }
            """,
            "8:30: namespaces.demo.plans.free.limits[0].match.method: has no value"
        },
        {
            "match_value_long",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { route: rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr }
            """,
            """8:29: namespaces.demo.plans.free.limits[0].match.route: "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr…" has 257 bytes: must have 0 to 256"""
        },
        {
            "match_name_long",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr: a }
            """,
            """8:22: namespaces.demo.plans.free.limits[0].match["rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr…"]: "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr…" has 65 bytes: must have 1 to 64"""
        },
        {
            "match_too_many_values",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { m: [v0,v1,v2,v3,v4,v5,v6,v7,v8,v9,v10,v11,v12,v13,v14,v15,v16] }
            """,
            "8:25: namespaces.demo.plans.free.limits[0].match.m: has 17 values: must have 1 to 16"
        },
        {
            "match_too_many_conditions",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        match: { m0: v, m1: v, m2: v, m3: v, m4: v, m5: v, m6: v, m7: v, m8: v, m9: v, m10: v, m11: v, m12: v, m13: v, m14: v, m15: v, m16: v }
            """,
            "8:20: namespaces.demo.plans.free.limits[0].match: has 17 conditions: must have at most 16"
        },
        {
            "per_too_many",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        per: [a, b, c, d, e]
            """,
            "8:18: namespaces.demo.plans.free.limits[0].per: has 5 values: must have 1 to 4"
        },
        {
            "per_twice",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        per: [ip, ip]
            """,
            """8:23: namespaces.demo.plans.free.limits[0].per[1]: "ip" is given twice"""
        },
        {
            "per_empty_name",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 1, period: 1s }
                        per: [""]
            """,
            "8:19: namespaces.demo.plans.free.limits[0].per[0]: has no value"
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
