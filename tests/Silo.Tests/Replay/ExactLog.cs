using Quota.Grains.Model;

namespace Quota.Silo.Tests.Replay;

/// <summary>All or nothing over the limits of a plan, for every key and every value that is counted by itself.</summary>
internal sealed class ExactLog(PlanModel plan)
{
    private readonly Dictionary<string, long> _now = [];
    private readonly Dictionary<string, NaiveLimiter> _limiters = [];

    public (bool Allowed, uint Exceeded) Decide(LoggedRequest request, long cost)
    {
        long nowMs = _now[request.Client] = Math.Max(request.Ms, _now.GetValueOrDefault(request.Client));
        uint exceeded = 0;
        bool allowed = true;
        var fitting = new List<NaiveLimiter>();
        for (int i = 0; i < plan.Limits.Length; i++)
        {
            LimitModel limit = plan.Limits[i];
            if (!limit.Match.All(m => request.Attributes.TryGetValue(m.Name, out string? value) && m.Values.Any(p => Matches(p, value))))
            {
                continue;
            }
            string id = string.Join('\n', limit.Per.Select(p => request.Attributes.GetValueOrDefault(p, "")).Prepend(request.Client).Prepend(limit.Name));
            NaiveLimiter limiter = _limiters.TryGetValue(id, out NaiveLimiter? known) ? known : _limiters[id] = new NaiveLimiter(limit);
            if (limiter.HasRoom(nowMs, cost))
            {
                fitting.Add(limiter);
                continue;
            }
            exceeded |= 1u << i;
            allowed &= limit.Mode == LimitMode.Shadow;
        }
        foreach (NaiveLimiter limiter in allowed ? fitting : [])
        {
            limiter.Accept(nowMs, cost);
        }
        return (allowed, exceeded);
    }

    private static bool Matches(string pattern, string value) =>
        pattern.EndsWith('*') ? value.StartsWith(pattern[..^1], StringComparison.Ordinal) : value == pattern;
}
