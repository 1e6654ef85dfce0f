using System.Text;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Tests.Support;

/// <summary>Asks a limiter the way a protocol does.</summary>
internal static class Checks
{
    public static Decision Check(this ILimiter limiter, string owner, string key, long cost = 1, string plan = "", params (string Name, string Value)[] attributes)
    {
        var decision = new Decision();
        var buffer = new List<byte>();
        var ranges = new List<AttributeRange>();
        foreach ((string name, string value) in attributes)
        {
            byte[] nameBytes = Encoding.UTF8.GetBytes(name);
            byte[] valueBytes = Encoding.UTF8.GetBytes(value);
            ranges.Add(new AttributeRange(buffer.Count, nameBytes.Length, buffer.Count + nameBytes.Length, valueBytes.Length));
            buffer.AddRange(nameBytes);
            buffer.AddRange(valueBytes);
        }
        var request = new CheckRequest
        {
            Namespace = Encoding.UTF8.GetBytes(owner),
            Key = Encoding.UTF8.GetBytes(key),
            Cost = cost,
            Plan = Encoding.UTF8.GetBytes(plan),
            Attributes = new AttributeSet(buffer.ToArray(), ranges.ToArray()),
        };
        limiter.Begin(request, limiter.Now(), decision);
        limiter.CompleteAsync(decision).AsTask().GetAwaiter().GetResult();
        return decision;
    }
}
