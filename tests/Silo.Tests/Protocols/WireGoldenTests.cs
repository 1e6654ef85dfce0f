using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Tests.Support;
using HeaderDialect = Quota.Silo.Protocols.Headers.HeaderDialect;

namespace Quota.Silo.Tests.Protocols;

/// <summary>Bytes on the wire that must never change, and their agreement with Google's writer.</summary>
public sealed class WireGoldenTests
{
    [Fact]
    public void Request_bytes()
    {
        byte[] wire = Convert.FromHexString("0A0461636D6512026B311805220B0A05726F75746512022F612A02723132 04676F6C64380140014A0D0A09746F6B656E732E696E10075001".Replace(" ", "", StringComparison.Ordinal));
        CheckQuotaRequest message = new()
        {
            Namespace = "acme",
            Key = "k1",
            Cost = 5,
            Attributes = { ["route"] = "/a" },
            RequestId = "r1",
            Plan = "gold",
            Headers = Contracts.V1.HeaderDialect.Draft11,
            Detail = Detail.Verdict,
            Costs = { ["tokens.in"] = 7 },
            Peek = true,
        };
        Assert.Equal(Convert.ToHexString(message.ToByteArray()), Convert.ToHexString(wire));
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        Assert.True(CheckRequestReader.TryRead(wire, ranges, costs, out CheckRequest request, out CheckOptions options, out _));
        Assert.Equal("acme/k1 cost=5 plan=gold id=r1 attributes=1 route=/a tokens.in:7 peek", TestLimiter.Describe(request));
        Assert.Equal(new CheckOptions(HeaderDialect.Draft11, true), options);
    }

    [Fact]
    public void Response_bytes()
    {
        byte[] actual = Write(Decided("deny"), default);
        Assert.Equal(
            "10021A05627572737422190A056275727374106420DFD40328DFA499FFBC3130E907380122180A056D6F6E746810904E188E4E20E0D40328E0A499FFBC31"
            + "22180A05747269616C1007180420E1D40328E1A499FFBC3140012A04676F6C64300138E9075880D095FFBC31",
            Convert.ToHexString(actual));
    }

    [Fact]
    public void Response_bytes_of_a_parents_refusal()
    {
        const string Own = "22160A0562757273741064186320DFD40328DFA499FFBC31" + "22180A056D6F6E746810904E188E4E20E0D40328E0A499FFBC31" + "22180A05747269616C1007180420E1D40328E1A499FFBC314001";
        const string Parent = "22320A06746F6B656E7310840720DFD40328DFA499FFBC3130E90738014A09746F6B656E732E696E520A637573746F6D65722D37";
        Assert.Equal(
            "10021A06746F6B656E73" + Own + Parent + Own + "2A04676F6C64300138E907520A637573746F6D65722D375880D095FFBC31",
            Convert.ToHexString(Write(Decided("child-deny"), default)));
    }

    [Fact]
    public void Response_bytes_of_a_repeat_and_of_a_disabled_key()
    {
        Assert.Equal("080110012A04676F6C6430014801", Convert.ToHexString(Write(Decided("repeat"), new CheckOptions(HeaderDialect.None, true))));
        Assert.Equal("100530015880D095FFBC31", Convert.ToHexString(Write(Decided("disabled"), default)));
    }

    [Fact]
    public void Verdict_carries_no_time_and_no_limits()
    {
        Assert.Equal("080110012A04676F6C643001", Convert.ToHexString(Write(Decided("k"), new CheckOptions(HeaderDialect.None, true))));
        Assert.Equal("10021A06746F6B656E732A04676F6C64300138E907520A637573746F6D65722D37", Convert.ToHexString(Write(Decided("child-deny"), new CheckOptions(HeaderDialect.None, true))));
    }

    public static TheoryData<string, int, bool> Cases
    {
        get
        {
            TheoryData<string, int, bool> cases = [];
            foreach (string key in (string[])["k", "deny", "never", "unknown", "unknown-denied", "wide", "disabled", "repeat", "child", "child-deny", "deep"])
            {
                for (int dialect = 0; dialect <= 3; dialect++)
                {
                    cases.Add(key, dialect, false);
                    cases.Add(key, dialect, true);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Responses_equal_googles_bytes(string key, int dialect, bool verdictOnly)
    {
        CheckOptions options = new((HeaderDialect)dialect, verdictOnly);
        Decision decision = Decided(key);
        byte[] actual = Write(decision, options);
        CheckQuotaResponse parsed = CheckQuotaResponse.Parser.ParseFrom(actual);
        Assert.Equal(Convert.ToHexString(parsed.ToByteArray()), Convert.ToHexString(actual));
        CheckQuotaResponse expected = Expected(decision, verdictOnly);
        expected.Headers.Add(parsed.Headers);
        Assert.Equal(expected, parsed);
        Assert.Equal(dialect > 0 && decision.Plan is not null, parsed.Headers.Count > 0);
        Assert.True(actual.Length <= CheckResponseWriter.BytesMax(decision, options));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Results_equal_googles_bytes(string key, int dialect, bool verdictOnly)
    {
        CheckOptions options = new((HeaderDialect)dialect, verdictOnly);
        Decision decision = Decided(key);
        byte[] target = new byte[CheckResponseWriter.BytesMax(decision, options)];
        int length = CheckResponseWriter.WriteResult(target, 2, decision, options);
        StreamQuotaResponse parsed = StreamQuotaResponse.Parser.ParseFrom(target.AsSpan(0, length));
        Assert.Equal(Convert.ToHexString(parsed.ToByteArray()), Convert.ToHexString(target.AsSpan(0, length)));
        Assert.Equal(Convert.ToHexString(Write(decision, options)), Convert.ToHexString(parsed.Results.Single().Response.ToByteArray()));
    }

    [Fact]
    public void Errors_equal_googles_bytes_and_fit()
    {
        Decision decision = new();
        decision.Reset(Instant.FromUnixMs(0));
        decision.Reject(DecisionStatus.InvalidArgument, "key", new string('ü', 5000));
        byte[] target = new byte[CheckResponseWriter.BytesMax(decision, default)];
        int length = CheckResponseWriter.WriteResult(target, 1, decision, default);
        CheckQuotaBatchResponse parsed = CheckQuotaBatchResponse.Parser.ParseFrom(target.AsSpan(0, length));
        Assert.Equal(Convert.ToHexString(parsed.ToByteArray()), Convert.ToHexString(target.AsSpan(0, length)));
        Assert.Equal((3, "key"), (parsed.Results.Single().Error.Code, parsed.Results.Single().Error.Field));
    }

    [Fact]
    public void Codec_allocates_nothing()
    {
        byte[] wire = new CheckQuotaRequest { Namespace = "acme", Key = "k1", Attributes = { ["route"] = "/a", ["method"] = "GET" }, Cost = 3, Costs = { ["tokens.in"] = 5, ["tokens.out"] = 0 }, Peek = true }.ToByteArray();
        Decision decision = Decided("deep");
        byte[] target = new byte[256 * 1024];
        int bytes = Round(wire, decision, target, 1_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bytes += Round(wire, decision, target, 1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(bytes > 0);
    }

    internal static Decision Decided(string key)
    {
        Decision decision = new();
        TestLimiter limiter = new();
        limiter.Begin(new CheckRequest { Namespace = "acme"u8, Key = System.Text.Encoding.UTF8.GetBytes(key), Cost = 1 }, limiter.Now(), decision);
        return decision;
    }

    private static int Round(byte[] wire, Decision decision, byte[] target, int rounds)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        int bytes = 0;
        for (int i = 0; i < rounds; i++)
        {
            Assert.True(CheckRequestReader.TryRead(wire, ranges, costs, out CheckRequest request, out _, out _));
            bytes += request.Attributes.Count + request.Named.Count + CheckResponseWriter.WriteResult(target, 1, decision, new CheckOptions((HeaderDialect)(i % 4), false));
        }
        return bytes;
    }

    private static byte[] Write(Decision decision, CheckOptions options)
    {
        byte[] target = new byte[CheckResponseWriter.BytesMax(decision, options)];
        return target[..CheckResponseWriter.WriteResponse(target, decision, options)];
    }

    private static CheckQuotaResponse Expected(Decision decision, bool verdictOnly)
    {
        CheckQuotaResponse response = new()
        {
            Allowed = decision.Allowed,
            Reason = (Reason)decision.Reason,
            Plan = decision.Plan?.Name ?? "",
            KeyTreatment = (Contracts.V1.KeyTreatment)decision.KeyTreatment,
            Limit = decision.DecidingResult >= 0 ? decision.LimitOf(decision.Results[decision.DecidingResult]).Name : "",
            RetryAfterMs = decision.DecidingResult >= 0 ? decision.Results[decision.DecidingResult].RetryAfterMs : 0,
            Repeat = decision.IsRepeat,
            LimitKey = decision.DecidingResult >= 0 ? Key(decision, decision.Results[decision.DecidingResult]) : "",
            DecidedAtUnixMs = verdictOnly ? 0 : decision.At.WallMs,
        };
        foreach (LimitResult result in verdictOnly ? [] : decision.Results)
        {
            Grains.Model.LimitModel limit = decision.LimitOf(result);
            response.Limits.Add(new LimitStatus
            {
                Name = limit.Name,
                Amount = limit.Capacity,
                Remaining = result.Remaining,
                ResetAfterMs = result.ResetAfterMs,
                ResetAtUnixMs = decision.At.WallMs + result.ResetAfterMs,
                RetryAfterMs = result.RetryAfterMs,
                Exceeded = result.Exceeded,
                Shadow = limit.Mode == Grains.Model.LimitMode.Shadow,
                Unit = limit.Unit == "requests" ? "" : limit.Unit,
                Key = Key(decision, result),
            });
        }
        return response;
    }

    private static string Key(Decision decision, in LimitResult result) => System.Text.Encoding.UTF8.GetString(decision.KeyOf(result.Level));
}
