using Quota.Bench.Servers;

namespace Quota.Bench;

/// <summary>One way of deciding that the part compares.</summary>
/// <param name="Name">As in the table.</param>
/// <param name="Silo">Who decides.</param>
/// <param name="Namespace">Says whether keys are leased.</param>
/// <param name="IsLeased">Whether the budgets of a leased key apply.</param>
/// <param name="Counts">Whether the silo can be asked how many requests it has sent to the store; the product's own program cannot.</param>
internal sealed record SharedTarget(string Name, ServerProcess Silo, string Namespace, bool IsLeased, bool Counts = true)
{
    /// <summary>How many requests the silo has sent to the store so far; 0 if it does not count.</summary>
    public Task<long> StoreRequestsAsync() => Counts ? Silo.StoreRequestsAsync() : Task.FromResult(0L);
}
