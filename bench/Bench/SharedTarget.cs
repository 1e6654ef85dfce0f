using Quota.Bench.Servers;

namespace Quota.Bench;

/// <summary>One way of deciding that the part compares.</summary>
/// <param name="Name">As in the table.</param>
/// <param name="Silo">Who decides.</param>
/// <param name="Namespace">Says whether keys are leased.</param>
/// <param name="IsLeased">Whether the budgets of a leased key apply.</param>
internal sealed record SharedTarget(string Name, ServerProcess Silo, string Namespace, bool IsLeased);
