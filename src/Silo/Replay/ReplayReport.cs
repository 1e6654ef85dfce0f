namespace Quota.Silo.Replay;

/// <summary>
/// What a replay found. Written as JSON with <c>--json</c>: the property names there are these in snake_case, and stay; later
/// versions only add. Golden test: ReplayCommandTests.
/// </summary>
public sealed record ReplayReport
{
    /// <summary>Version of the JSON's shape.</summary>
    public int Version { get; init; } = 1;

    public required string Plan { get; init; }

    /// <summary>What keys were taken from: ip, user, path, method, user_agent or referer.</summary>
    public required string KeySource { get; init; }

    public required ReplayLines Lines { get; init; }

    /// <summary>Decided lines.</summary>
    public long Requests { get; init; }

    public long Allowed { get; init; }

    public long Denied { get; init; }

    /// <summary>Refused share of the requests, 0 to 1.</summary>
    public double DeniedShare { get; init; }

    /// <summary>Earliest and latest time of a decided line; null if there was none.</summary>
    public DateTime? From { get; init; }

    /// <inheritdoc cref="From"/>
    public DateTime? To { get; init; }

    public long Keys { get; init; }

    /// <summary>Keys that were refused at least once.</summary>
    public long KeysDenied { get; init; }

    public required IReadOnlyList<ReplayLimitReport> Limits { get; init; }

    /// <summary>The keys refused most often.</summary>
    public required IReadOnlyList<ReplayKeyReport> TopDenied { get; init; }

    /// <summary>The first refusals, in the order of the log.</summary>
    public required IReadOnlyList<ReplayDenial> Denials { get; init; }

    /// <summary>How many requests keys make in their busiest second, minute and hour: what a limit would have to allow.</summary>
    public required IReadOnlyList<ReplayPeaks> Peaks { get; init; }
}
