using Quota.Contracts.V1;

namespace Quota.Silo.Export;

/// <summary>Words that both formats share. APPEND-ONLY: finance programs read them (golden tests: ExportGoldenTests).</summary>
internal static class ExportWords
{
    public const string Header = "header";
    public const string Usage = "usage";
    public const string Adjustment = "adjustment";
    public const string Day = "day";
    public const string Total = "total";

    /// <summary>Of totals: at least one month is not sealed yet.</summary>
    public const string Open = "open";

    private const string Sealed = "sealed";

    public static string State(MonthState state) => state switch
    {
        MonthState.Running => "running",
        MonthState.Closed => "closed",
        MonthState.Sealed => Sealed,
        _ => "",
    };

    public static MonthState ParseState(string word) => word switch
    {
        "running" => MonthState.Running,
        "closed" => MonthState.Closed,
        Sealed => MonthState.Sealed,
        _ => MonthState.Unspecified,
    };
}
