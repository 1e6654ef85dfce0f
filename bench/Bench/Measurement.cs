namespace Quota.Bench;

/// <summary>One figure of the report.</summary>
/// <param name="Part">The part of the benchmark.</param>
/// <param name="Case">What was varied.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Budget">What it should be, if there is a budget.</param>
/// <param name="Met">Whether the budget was met.</param>
public sealed record Measurement(string Part, string Case, string Metric, double Value, string Unit, string? Budget = null, bool? Met = null)
{
    /// <summary>A figure that must not be above its budget.</summary>
    public static Measurement AtMost(string part, string @case, string metric, double value, string unit, double budget) =>
        new(part, @case, metric, value, unit, $"≤ {budget:0.###} {unit}", value <= budget);

    /// <summary>A figure that must not be below its budget.</summary>
    public static Measurement AtLeast(string part, string @case, string metric, double value, string unit, double budget) =>
        new(part, @case, metric, value, unit, $"≥ {budget:0.###} {unit}", value >= budget);
}
