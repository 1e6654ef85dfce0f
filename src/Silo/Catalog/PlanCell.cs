using Quota.Grains.Model;

namespace Quota.Silo.Catalog;

/// <summary>
/// The plan that a set of keys is on, with the same overrides and the same billing calendar, for as long as one of them is.
/// Replacing the plan swaps <see cref="Current"/>, which puts it in force for all of these keys at once.
/// </summary>
internal sealed class PlanCell(PlanModel initial)
{
    private volatile PlanModel _current = initial;

    public PlanModel Current
    {
        get => _current;
        set => _current = value;
    }
}
