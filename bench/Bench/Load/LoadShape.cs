namespace Quota.Bench.Load;

/// <summary>How many connections, and how many calls in flight on each.</summary>
internal readonly record struct LoadShape(int Clients, int Streams)
{
    public override string ToString() => $"{Clients}×{Streams}";
}
