using System.Numerics;
using System.Text;
using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Replay;

/// <summary>Adds up what a replay finds, line by line, and makes the report of it.</summary>
internal sealed class ReplayTally(ReplayOptions options)
{
    private readonly long[] _applied = new long[Bounds.LimitsPerPlanMax];
    private readonly long[] _exceeded = new long[Bounds.LimitsPerPlanMax];
    private readonly long[] _decided = new long[Bounds.LimitsPerPlanMax];
    private readonly HashSet<ReplayKey>[] _exceededKeys = [.. options.Plan.Limits.Select(_ => new HashSet<ReplayKey>())];
    private readonly List<MalformedLine> _firstMalformed = [];
    private readonly List<ReplayDenial> _denials = [];
    private long _malformed;
    private long _withoutKey;
    private long _requests;
    private long _denied;
    private long _fromMs = long.MaxValue;
    private long _toMs = long.MinValue;

    /// <summary>All lines seen, malformed ones included.</summary>
    public long Lines { get; private set; }

    public void Malformed(string file, long line, string problem)
    {
        Lines++;
        _malformed++;
        if (_firstMalformed.Count < options.Malformed)
        {
            _firstMalformed.Add(new MalformedLine(file, line, problem));
        }
    }

    public void Decided(string file, long lineNumber, in AccessLogLine line, in ReplayDecision decision, ReplayKey? key)
    {
        Lines++;
        if (decision.Outcome != ReplayOutcome.Decided || key is null)
        {
            _withoutKey++;
            return;
        }
        _requests++;
        _fromMs = Math.Min(_fromMs, line.UnixMs);
        _toMs = Math.Max(_toMs, line.UnixMs);
        for (uint rest = decision.ApplicableMask; rest != 0; rest &= rest - 1)
        {
            _applied[BitOperations.TrailingZeroCount(rest)]++;
        }
        for (uint rest = decision.ExceededMask; rest != 0; rest &= rest - 1)
        {
            int i = BitOperations.TrailingZeroCount(rest);
            _exceeded[i]++;
            _exceededKeys[i].Add(key);
        }
        if (decision.Allowed)
        {
            return;
        }
        _denied++;
        _decided[decision.DecidingLimit]++;
        if (_denials.Count < options.Denials)
        {
            _denials.Add(new ReplayDenial(
                file, lineNumber, Time(decision.AtMs), key.Text, options.Plan.Limits[decision.DecidingLimit].Name, decision.RetryAfterMs,
                Encoding.UTF8.GetString(line.Method), Encoding.UTF8.GetString(line.Path)));
        }
    }

    public ReplayReport Report(ReplayEngine engine)
    {
        ReplayKey[] refused = [.. engine.Keys.Where(k => k.Denied > 0)];
        return new ReplayReport
        {
            Plan = options.Plan.Name,
            KeySource = ReplayKeySources.Name(options.Key),
            Lines = new ReplayLines(Lines, _malformed, _withoutKey, engine.OutOfOrder, engine.CutValues, _firstMalformed),
            Requests = _requests,
            Allowed = _requests - _denied,
            Denied = _denied,
            DeniedShare = _requests == 0 ? 0 : Math.Round((double)_denied / _requests, 6),
            From = _requests == 0 ? null : Time(_fromMs),
            To = _requests == 0 ? null : Time(_toMs),
            Keys = engine.Keys.Count,
            KeysDenied = refused.Length,
            Limits = [.. options.Plan.Limits.Select(Limit)],
            TopDenied = [.. refused.OrderByDescending(k => k.Denied).ThenBy(k => k.Text, StringComparer.Ordinal).Take(options.Top).Select(Key)],
            Denials = _denials,
            Peaks =
            [
                ReplayPeaks.Of("1s", engine.Keys.Select(k => k.Peaks.Second)),
                ReplayPeaks.Of("1m", engine.Keys.Select(k => k.Peaks.Minute)),
                ReplayPeaks.Of("1h", engine.Keys.Select(k => k.Peaks.Hour)),
            ],
        };
    }

    private static DateTime Time(long unixMs) => DateTime.UnixEpoch.AddMilliseconds(unixMs);

    private static ReplayKeyReport Key(ReplayKey key) => new(key.Text, key.Requests, key.Denied, Time(key.FirstDeniedMs), key.Peaks.Minute);

    private ReplayLimitReport Limit(LimitModel limit, int i) =>
        new(limit.Name, limit.Mode == LimitMode.Shadow ? "shadow" : "enforce", _applied[i], _exceeded[i], _decided[i], _exceededKeys[i].Count);
}
