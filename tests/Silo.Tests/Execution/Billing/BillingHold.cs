namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>An open reservation, as its answers told of it.</summary>
internal sealed class BillingHold
{
    public required IReadOnlyList<string> Levels { get; init; }

    public required Dictionary<string, long> Costs { get; init; }

    public required long AtMs { get; init; }

    public required long ExpiresMs { get; set; }

    public required bool Settles { get; init; }
}
