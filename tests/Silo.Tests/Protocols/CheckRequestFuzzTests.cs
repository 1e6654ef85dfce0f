using System.Text;
using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Protocols;

/// <summary>
/// The hand-written decoder against Google's: whatever one of them reads, the other reads alike, except where ours is strict on
/// purpose (UTF-8, groups and unknown wire types inside entries of maps, names of attributes and units, enum values).
/// </summary>
public sealed class CheckRequestFuzzTests
{
    private static readonly string[] StrictOnPurpose = ["must be valid UTF-8", "groups are not supported", "an unknown wire type", "attributes", "costs", "there is no d"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mutated_messages_read_as_googles_reader_reads_them(int seed)
    {
        Random random = new(seed);
        int agreed = 0, refused = 0;
        for (int i = 0; i < 40_000; i++)
        {
            byte[] wire = Mutate(random, Valid(random).ToByteArray());
            (string? mine, string? error) = Mine(wire);
            string? oracle = Oracle(wire);
            if (mine is not null)
            {
                agreed++;
                Assert.True(mine == oracle, $"seed {seed}, round {i}: {Convert.ToHexString(wire)}\n{mine}\n{oracle}");
            }
            else
            {
                refused++;
                bool strict = StrictOnPurpose.Any(s => error!.Contains(s, StringComparison.Ordinal));
                Assert.True(oracle is null || strict, $"seed {seed}, round {i}: {Convert.ToHexString(wire)}\n{error}\n{oracle}");
            }
        }
        Assert.True(agreed > 5_000 && refused > 5_000, $"{agreed} agreed, {refused} refused");
    }

    [Fact]
    public void Cost_has_presence_and_the_last_value_wins()
    {
        Assert.Equal("/ cost=1 plan= id= attributes=0", Mine([]).Text);
        Assert.Equal("/ cost=0 plan= id= attributes=0", Mine([0x18, 0]).Text);
        Assert.Equal("/ cost=-1 plan= id= attributes=0", Mine([0x18, 5, 0x18, .. Enumerable.Repeat((byte)0xFF, 9), 1]).Text);
        Assert.Equal("/b cost=1 plan= id= attributes=0", Mine([0x12, 1, (byte)'a', 0x12, 1, (byte)'b']).Text);
        Assert.Equal("/ cost=1 plan= id= attributes=0", Mine([0x7D, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x78, 0x80, 1, 0x7A, 1, 9]).Text);
    }

    public static TheoryData<string, string> BadCosts => new()
    {
        { "0801", "costs: the name of a unit must be 1 to 64 bytes, was 0" },
        { "0A00", "costs: the name of a unit must be 1 to 64 bytes, was 0" },
        { "0A41" + string.Concat(Enumerable.Repeat("61", 65)), "costs: the name of a unit must be 1 to 64 bytes, was 65" },
        { "0A08" + Convert.ToHexString("requests"u8), "costs: must not name requests: they are the field cost" },
        { "0A01FF1001", "costs: must be valid UTF-8" },
        { "0A0261", "request: malformed protobuf: a length goes past its end" },
    };

    [Theory]
    [MemberData(nameof(BadCosts))]
    public void Bad_costs_are_errors(string entry, string expected)
    {
        byte[] bytes = Convert.FromHexString(entry);
        Assert.Equal(expected, Mine([0x4A, (byte)bytes.Length, .. bytes]).Error);
    }

    [Fact]
    public void Costs_are_read_in_place_and_bounded()
    {
        Assert.Equal("/ cost=1 plan= id= attributes=0 a:0 b:-1", Mine([0x4A, 3, 0x0A, 1, (byte)'a', 0x4A, 14, 0x10, .. Enumerable.Repeat((byte)0xFF, 9), 1, 0x0A, 1, (byte)'b']).Text);
        Assert.Equal("costs: must not repeat a unit", Mine([0x4A, 3, 0x0A, 1, (byte)'a', 0x4A, 5, 0x0A, 1, (byte)'a', 0x10, 1]).Error);
        CheckQuotaRequest many = new();
        for (int i = 0; i < Bounds.UnitsMax; i++)
        {
            many.Costs.Add(new string('u', Bounds.UnitBytesMax - 1) + i, i);
        }
        Assert.NotNull(Mine(many.ToByteArray()).Text);
        many.Costs.Add("one", 1);
        Assert.Equal("costs: must be at most 8 units", Mine(many.ToByteArray()).Error);
    }

    [Fact]
    public void Peek_is_read()
    {
        Assert.Equal("/ cost=1 plan= id= attributes=0 peek", Mine([0x50, 1]).Text);
        Assert.Equal("/ cost=1 plan= id= attributes=0", Mine([0x50, 1, 0x50, 0]).Text);
    }

    private static (string? Text, string? Error) Mine(byte[] wire)
    {
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        return CheckRequestReader.TryRead(wire, ranges, costs, out CheckRequest request, out CheckOptions options, out RequestError error)
            ? (TestLimiter.Describe(request) + (options == default ? "" : $" {options}"), null)
            : (null, $"{error.Field}: {error.Message}");
    }

    private static string? Oracle(byte[] wire)
    {
        try
        {
            CheckQuotaRequest message = CheckQuotaRequest.Parser.ParseFrom(wire);
            AttributeRange[] ranges = new AttributeRange[message.Attributes.Count];
            List<byte> buffer = [];
            int count = 0;
            foreach ((string name, string value) in message.Attributes)
            {
                byte[] nameUtf8 = Encoding.UTF8.GetBytes(name), valueUtf8 = Encoding.UTF8.GetBytes(value);
                ranges[count++] = new AttributeRange(buffer.Count, nameUtf8.Length, buffer.Count + nameUtf8.Length, valueUtf8.Length);
                buffer.AddRange([.. nameUtf8, .. valueUtf8]);
            }
            NamedCost[] costs = new NamedCost[message.Costs.Count];
            count = 0;
            foreach ((string name, long units) in message.Costs)
            {
                byte[] nameUtf8 = Encoding.UTF8.GetBytes(name);
                costs[count++] = new NamedCost(buffer.Count, nameUtf8.Length, units);
                buffer.AddRange(nameUtf8);
            }
            CheckRequest request = new()
            {
                Namespace = Encoding.UTF8.GetBytes(message.Namespace),
                Key = Encoding.UTF8.GetBytes(message.Key),
                Cost = message.HasCost ? message.Cost : 1,
                Named = new NamedCosts(buffer.ToArray(), costs),
                IsPeek = message.Peek,
                Plan = Encoding.UTF8.GetBytes(message.Plan),
                RequestId = Encoding.UTF8.GetBytes(message.RequestId),
                Attributes = new AttributeSet(buffer.ToArray(), ranges),
            };
            CheckOptions options = new((Silo.Protocols.Headers.HeaderDialect)message.Headers, message.Detail == Detail.Verdict);
            return TestLimiter.Describe(request) + (options == default ? "" : $" {options}");
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static CheckQuotaRequest Valid(Random random)
    {
        CheckQuotaRequest message = new() { Namespace = Text(random), Key = Text(random), Plan = Text(random), RequestId = Text(random) };
        if (random.Next(2) == 0)
        {
            message.Cost = random.Next(4) == 0 ? random.NextInt64() : random.Next(300);
        }
        foreach (string name in (string[])["route", "method", "a", "b", "ä"])
        {
            if (random.Next(3) == 0)
            {
                message.Attributes[name] = Text(random);
            }
        }
        foreach (string unit in (string[])["tokens.in", "tokens.out", "b", "ю"])
        {
            if (random.Next(4) == 0)
            {
                message.Costs[unit] = random.Next(4) == 0 ? -random.NextInt64() : random.Next(300);
            }
        }
        message.Peek = random.Next(3) == 0;
        message.Headers = (Contracts.V1.HeaderDialect)random.Next(4);
        message.Detail = (Detail)random.Next(2);
        return message;
    }

    private static string Text(Random random) => random.Next(4) switch { 0 => "", 1 => "acme", 2 => new string('x', random.Next(200)), _ => "ключ" };

    internal static byte[] Mutate(Random random, byte[] wire)
    {
        List<byte> bytes = [.. wire];
        for (int mutations = random.Next(4); mutations > 0 && bytes.Count > 0; mutations--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.AddRange(wire);
                    break;
            }
        }
        return [.. bytes];
    }
}
