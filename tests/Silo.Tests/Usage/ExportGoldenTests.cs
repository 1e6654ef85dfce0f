using Quota.Contracts.V1;
using Quota.Silo.Export;
using Quota.Silo.Protocols.Usage;

namespace Quota.Silo.Tests.Usage;

/// <summary>The text of exports, byte by byte. APPEND-ONLY: finance programs read it.</summary>
public sealed class ExportGoldenTests
{
    private static readonly ExportHeader Header = new(1, "shop", "2026-10", 1_792_497_600_123, "", true);

    [Fact]
    public void Csv() => Assert.Equal(
        """"
        record,schema_version,namespace,month,key,parent,labels,unit,day,used,rolled_up,refunded,rolled_up_refunded,adjusted,billable,denied,would_deny,reserved,state,start,end,time_zone,as_of,adjustment_id,adjustment_reason,adjustment_author,adjustment_at,keys,unsettled
        header,1,shop,2026-10,,,,,daily,,,,,,,,,,,,,,2026-10-20T12:00:00.123Z,,,,,,
        usage,,shop,2026-10,"a,""b""
        c",acme,customer=A\=B\;C\\;region=eu,requests,,107,2,11,1,-5,91,3,4,0,running,2026-09-30T22:00:00.000Z,2026-10-31T23:00:00.000Z,Europe/Vienna,2026-10-20T12:00:00.123Z,,,,,,0
        usage,,shop,2026-10,"a,""b""
        c",acme,customer=A\=B\;C\\;region=eu,tokens.in,,9000000000000000,0,0,0,0,9000000000000000,0,0,40,running,2026-09-30T22:00:00.000Z,2026-10-31T23:00:00.000Z,Europe/Vienna,2026-10-20T12:00:00.123Z,,,,,,12
        adjustment,,shop,2026-10,"a,""b""
        c",acme,customer=A\=B\;C\\;region=eu,requests,,,,,,-5,,,,,,,,,,ticket-1,"outage, ""red""",finance,1970-01-01T00:00:00.077Z,,
        day,,shop,2026-10,"a,""b""
        c",acme,customer=A\=B\;C\\;region=eu,requests,2026-10-05,107,,11,,,,,,,,,,,,,,,,,
        day,,shop,2026-10,"a,""b""
        c",acme,customer=A\=B\;C\\;region=eu,tokens.in,2026-10-05,9000000000000000,,0,,,,,,,,,,,,,,,,,
        usage,,shop,2026-10,Zürich 😀,,,,,0,0,0,0,0,0,0,0,0,sealed,1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.001Z,UTC,1970-01-01T00:00:00.002Z,,,,,,0
        total,,shop,2026-10,,,,requests,,105,,10,,-5,90,3,4,,open,,,,,,,,,2,
        total,,shop,2026-10,,,,tokens.in,,9000000000000000,,0,,0,9000000000000000,0,0,,open,,,,,,,,,2,

        """".Replace("\n", "\r\n", StringComparison.Ordinal).Replace("\"\"b\"\"\r\nc", "\"\"b\"\"\nc", StringComparison.Ordinal),
        Text(new CsvUsageFormat()));

    [Fact]
    public void Json_lines() => Assert.Equal(
        """
        {"record":"header","schema_version":1,"namespace":"shop","month":"2026-10","as_of":"2026-10-20T12:00:00.123Z","labels":"","daily":true}
        {"record":"usage","namespace":"shop","month":"2026-10","key":"a,\"b\"\nc","parent":"acme","labels":{"customer":"A=B;C\\","region":"eu"},"state":"running","start":"2026-09-30T22:00:00.000Z","end":"2026-10-31T23:00:00.000Z","time_zone":"Europe/Vienna","as_of":"2026-10-20T12:00:00.123Z","units":[{"unit":"requests","used":107,"rolled_up":2,"refunded":11,"rolled_up_refunded":1,"adjusted":-5,"billable":91,"denied":3,"would_deny":4,"reserved":0},{"unit":"tokens.in","used":9000000000000000,"rolled_up":0,"refunded":0,"rolled_up_refunded":0,"adjusted":0,"billable":9000000000000000,"denied":0,"would_deny":0,"reserved":40,"unsettled":12}],"limits":[{"limit":"monthly","unit":"requests","used":7,"refunded":1,"denied":3,"would_deny":4}],"adjustments":[{"id":"ticket-1","unit":"requests","amount":-5,"reason":"outage, \"red\"","author":"finance","at":"1970-01-01T00:00:00.077Z"}],"days":[{"day":"2026-10-05","units":[{"unit":"requests","used":107,"refunded":11},{"unit":"tokens.in","used":9000000000000000,"refunded":0}]}]}
        {"record":"usage","namespace":"shop","month":"2026-10","key":"Zürich \uD83D\uDE00","parent":"","labels":{},"state":"sealed","start":"1970-01-01T00:00:00.000Z","end":"1970-01-01T00:00:00.001Z","time_zone":"UTC","as_of":"1970-01-01T00:00:00.002Z","units":[],"limits":[],"adjustments":[],"days":[]}
        {"record":"total","namespace":"shop","month":"2026-10","keys":2,"state":"open","units":[{"unit":"requests","used":105,"refunded":10,"adjusted":-5,"billable":90,"denied":3,"would_deny":4},{"unit":"tokens.in","used":9000000000000000,"refunded":0,"adjusted":0,"billable":9000000000000000,"denied":0,"would_deny":0}]}

        """,
        Text(new JsonLinesUsageFormat()));

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public void An_export_cut_anywhere_is_read_up_to_its_last_whole_key(string name)
    {
        IUsageFormat format = name == "csv" ? new CsvUsageFormat() : new JsonLinesUsageFormat();
        byte[] whole = System.Text.Encoding.UTF8.GetBytes(Text(format));
        var seen = new HashSet<(string, long)>();
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            PartialExport partial = format.ReadPartial(new MemoryStream(whole, 0, cut));
            Assert.Null(partial.Problem);
            Assert.InRange(partial.EndOffset, 0, cut);
            Assert.Equal(partial.Header is null, partial.EndOffset == 0);
            Assert.True(partial.Header is null || partial.Header == Header);
            // What is kept ends where a key's records do.
            string kept = System.Text.Encoding.UTF8.GetString(whole, 0, (int)partial.EndOffset);
            Assert.Equal(partial.LastKey == "Zürich 😀", kept.Contains("Zürich", StringComparison.Ordinal));
            Assert.Equal(partial.LastKey.Length > 0, kept.Contains("tokens.in", StringComparison.Ordinal));
            Assert.Equal(cut == whole.Length, partial.IsComplete);
            seen.Add((partial.LastKey, partial.Totals.Keys));
        }
        Assert.Contains(("", 0), seen);
        Assert.Contains(("a,\"b\"\nc", 1), seen);
        Assert.Contains(("Zürich 😀", 2), seen);
    }

    [Theory]
    [InlineData("csv", "a,b\r\n")]
    [InlineData("csv", "\r\n")]
    [InlineData("jsonl", "{}\n")]
    [InlineData("jsonl", "record,schema_version\n")]
    [InlineData("jsonl", "[]\n")]
    public void Another_file_is_no_export(string name, string text)
    {
        IUsageFormat format = name == "csv" ? new CsvUsageFormat() : new JsonLinesUsageFormat();
        Assert.NotNull(format.ReadPartial(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))).Problem);
    }

    private static string Text(IUsageFormat format)
    {
        KeyUsage[] keys = [First(), new KeyUsage { Key = "Zürich 😀", State = MonthState.Sealed, EndUnixMs = 1, TimeZone = "UTC", AsOfUnixMs = 2 }];
        var output = new StringWriter();
        var totals = new UsageTotals();
        format.WriteHeader(output, Header);
        foreach (KeyUsage usage in keys)
        {
            totals.Add(usage);
            format.WriteKey(output, Header, usage);
        }
        format.WriteTotals(output, Header, totals.Trailer(monthSealed: true));
        return output.ToString();
    }

    private static KeyUsage First()
    {
        var usage = new KeyUsage
        {
            Namespace = "shop",
            Key = "a,\"b\"\nc",
            Month = "2026-10",
            Parent = "acme",
            StartUnixMs = UsageFixture.Ms("2026-10-01T00:00:00+02:00"),
            EndUnixMs = UsageFixture.Ms("2026-11-01T00:00:00+01:00"),
            TimeZone = "Europe/Vienna",
            State = MonthState.Running,
            AsOfUnixMs = Header.AsOfUnixMs,
            Labels = { { "region", "eu" }, { "customer", "A=B;C\\" } },
        };
        usage.Units.Add(new UnitUsage { Unit = "requests", Used = 107, RolledUp = 2, Refunded = 11, RolledUpRefunded = 1, Adjusted = -5, Billable = 91, Denied = 3, WouldDeny = 4 });
        usage.Units.Add(new UnitUsage { Unit = "tokens.in", Used = 9_000_000_000_000_000, Billable = 9_000_000_000_000_000, Reserved = 40, Unsettled = 12 });
        usage.Limits.Add(new LimitUsage { Limit = "monthly", Unit = "requests", Used = 7, Refunded = 1, Denied = 3, WouldDeny = 4 });
        usage.Adjustments.Add(new Adjustment { Id = "ticket-1", Unit = "requests", Amount = -5, Reason = "outage, \"red\"", Author = "finance", AtUnixMs = 77 });
        var day = new DayUsage { Day = "2026-10-05" };
        day.Units.Add(new DayUnit { Unit = "requests", Used = 107, Refunded = 11 });
        day.Units.Add(new DayUnit { Unit = "tokens.in", Used = 9_000_000_000_000_000 });
        usage.Days.Add(day);
        return usage;
    }
}
