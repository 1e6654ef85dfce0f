using System.Buffers.Binary;
using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Replay;

/// <summary>
/// Decides the lines of a log as a silo would have, in the time of the log: the same <see cref="Grain"/>, with its counters in
/// a dictionary. A key's time never goes back: servers log a request when it ends, so lines are a little out of order, and a
/// line earlier than its key's latest is decided at that latest instant.
/// </summary>
internal sealed class ReplayEngine
{
    private static readonly byte[][] AttributeNames = [.. "route method status user_agent ip user referer".Split(' ').Select(System.Text.Encoding.UTF8.GetBytes)];

    private readonly ReplayOptions _options;
    private readonly PlanModel _plan;
    private readonly Dictionary<byte[], ReplayKey> _keys = new(ByteComparer.Instance);
    private readonly Dictionary<byte[], byte[]> _perValue = new(ByteComparer.Instance);
    private readonly byte[]?[] _blocks;
    private readonly LimitResult[] _results = new LimitResult[Bounds.LimitsPerPlanMax];
    private readonly AttributeRange[] _ranges = new AttributeRange[AttributeNames.Length];
    private readonly byte[] _buffer = new byte[AttributeNames.Length * (Bounds.AttributeNameBytesMax + Bounds.AttributeValueBytesMax)];
    private readonly byte[] _id = new byte[sizeof(int) + Bounds.GrainIdBytesMax];
    private int _attributeCount;
    private int _bufferUsed;

    public ReplayEngine(ReplayOptions options)
    {
        _options = options;
        _plan = options.Plan;
        _blocks = new byte[_plan.Limits.Length][];
    }

    public IReadOnlyCollection<ReplayKey> Keys => _keys.Values;

    /// <summary>Lines that were earlier than a line before them of the same key.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>Keys and attribute values that were cut to the bound a request has.</summary>
    public long CutValues { get; private set; }

    /// <summary>The key of the line decided last.</summary>
    public ReplayKey? LastKey { get; private set; }

    public ReplayDecision Decide(in AccessLogLine line)
    {
        // 1. Who is counted.
        ReadOnlySpan<byte> name = Cut(KeyOf(line), Bounds.KeyBytesMax);
        if (name.IsEmpty)
        {
            return new ReplayDecision(ReplayOutcome.NoKey, false, -1, 0, 0, 0, line.UnixMs, 0);
        }
        if (Find(name) is not { } key)
        {
            return new ReplayDecision(ReplayOutcome.TooManyKeys, false, -1, 0, 0, 0, line.UnixMs, 0);
        }
        OutOfOrder += line.UnixMs < key.NowMs ? 1 : 0;
        key.NowMs = Math.Max(key.NowMs, line.UnixMs);
        key.Count(key.NowMs);
        // 2. Which limits apply, and where their counters are.
        AttributeSet attributes = Attributes(line);
        // A log does not say how long a call took, so limits of concurrency are left out.
        uint applicable = _plan.Applicable(attributes) & ~_plan.ConcurrencyMask;
        for (uint rest = applicable & _plan.PerMask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            _blocks[i] = PerValueBlock(key, i, attributes);
        }
        // 3. The decision.
        var counters = new ReplayCounters(_plan, key.Counters, _blocks);
        GrainVerdict verdict = Grain.Apply(_plan, applicable, ref counters, _options.CostIsBytes ? line.Bytes : 1, Instant.FromUnixMs(key.NowMs), _results);
        uint exceeded = 0;
        long retryAfterMs = 0;
        foreach (ref readonly LimitResult result in _results.AsSpan(0, BitOperations.PopCount(applicable)))
        {
            exceeded |= result.Exceeded ? 1u << result.LimitIndex : 0;
            retryAfterMs = result.LimitIndex == verdict.DecidingLimit ? result.RetryAfterMs : retryAfterMs;
        }
        if (!verdict.Allowed)
        {
            key.FirstDeniedMs = key.Denied == 0 ? key.NowMs : key.FirstDeniedMs;
            key.Denied++;
        }
        LastKey = key;
        return new ReplayDecision(ReplayOutcome.Decided, verdict.Allowed, verdict.DecidingLimit, applicable, verdict.CountMask, exceeded, key.NowMs, retryAfterMs);
    }

    private ReadOnlySpan<byte> KeyOf(in AccessLogLine line) => _options.Key switch
    {
        ReplayKeySource.User => line.User,
        ReplayKeySource.Path => line.Path,
        ReplayKeySource.Method => line.Method,
        ReplayKeySource.UserAgent => line.UserAgent,
        ReplayKeySource.Referer => line.Referer,
        _ => line.Client,
    };

    private ReplayKey? Find(ReadOnlySpan<byte> name)
    {
        Dictionary<byte[], ReplayKey>.AlternateLookup<ReadOnlySpan<byte>> lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (_keys.Count + _perValue.Count >= Bounds.ReplayKeysMax)
        {
            return null;
        }
        if (!lookup.TryGetValue(name, out ReplayKey? key))
        {
            key = new ReplayKey(name.ToArray(), new byte[_plan.Layout.SizeBytes]);
            _keys.Add(key.Name, key);
        }
        return key;
    }

    /// <summary>The counter block of a limit for the values of the line; an absent attribute counts as an empty value.</summary>
    private byte[] PerValueBlock(ReplayKey key, int limitIndex, in AttributeSet attributes)
    {
        Span<byte> id = _id;
        BinaryPrimitives.WriteInt32LittleEndian(id, limitIndex);
        int length = Append(sizeof(int), key.Name);
        foreach (byte[] name in _plan.Limits[limitIndex].PerUtf8)
        {
            attributes.TryGet(name, out ReadOnlySpan<byte> value);
            length = Append(length, value);
        }
        Dictionary<byte[], byte[]>.AlternateLookup<ReadOnlySpan<byte>> lookup = _perValue.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!lookup.TryGetValue(id[..length], out byte[]? block))
        {
            block = new byte[_plan.PerLayout(limitIndex).SizeBytes];
            _perValue.Add(id[..length].ToArray(), block);
        }
        return block;
    }

    /// <summary>Appends a part with its length, so that no two lists of parts look alike.</summary>
    private int Append(int at, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_id.AsSpan(at), (ushort)part.Length);
        part.CopyTo(_id.AsSpan(at + sizeof(ushort)));
        return at + sizeof(ushort) + part.Length;
    }

    private AttributeSet Attributes(in AccessLogLine line)
    {
        _attributeCount = 0;
        _bufferUsed = 0;
        Attribute(0, line.Path);
        Attribute(1, line.Method);
        Attribute(2, line.StatusText);
        Attribute(3, line.UserAgent);
        Attribute(4, line.Client);
        Attribute(5, line.User);
        Attribute(6, line.Referer);
        return new AttributeSet(_buffer, _ranges.AsSpan(0, _attributeCount));
    }

    private void Attribute(int index, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return;
        }
        byte[] name = AttributeNames[index];
        value = Cut(value, Bounds.AttributeValueBytesMax);
        name.CopyTo(_buffer, _bufferUsed);
        value.CopyTo(_buffer.AsSpan(_bufferUsed + name.Length));
        _ranges[_attributeCount++] = new AttributeRange(_bufferUsed, name.Length, _bufferUsed + name.Length, value.Length);
        _bufferUsed += name.Length + value.Length;
    }

    private ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> value, int bytesMax)
    {
        if (value.Length <= bytesMax)
        {
            return value;
        }
        CutValues++;
        int length = bytesMax;
        // Not within a character.
        while (length > 0 && (value[length] & 0xC0) == 0x80)
        {
            length--;
        }
        return value[..length];
    }
}
