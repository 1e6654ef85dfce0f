namespace Quota.Silo.Limiting;

/// <summary>How the key was found. The values are those of <c>quota.v1.KeyTreatment</c>.</summary>
public enum KeyTreatment
{
    None = 0,
    Known = 1,
    PlanFromRequest = 2,
    DefaultPlan = 3,
    UnknownAllowed = 4,
    UnknownDenied = 5,
}
