namespace Quota.Silo.Import.Envoy;

/// <summary>Units of envoyproxy/ratelimit. Every one is a fixed number of seconds there, counted from the epoch.</summary>
internal enum EnvoyUnit
{
    Second = 1,
    Minute = 60,
    Hour = 3_600,
    Day = 86_400,
    Week = 604_800,
    Month = 2_592_000,
    Year = 31_536_000,
}
