using System.CommandLine;
using Quota.Grains.Usage;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cli;

/// <summary>Options that the commands about usage share.</summary>
internal static class UsageOptions
{
    public static Option<string> Namespace() => new("--namespace") { Description = "The namespace.", Required = true };

    public static Option<string?> Month()
    {
        var option = new Option<string?>("--month") { Description = "Billing month, like 2026-10; the running month if not given.", HelpName = "yyyy-mm" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !MonthLabel.TryParse(text, out _))
            {
                result.AddError($"--month: {Quoted.Text(text)} is not a year and a month, like 2026-10");
            }
        });
        return option;
    }

    public static Option<bool> Daily() => new("--daily") { Description = "Also the series of days." };

    public static Option<string[]> Labels()
    {
        var option = new Option<string[]>("--label") { Description = "Only keys whose label has this value; repeatable.", HelpName = "name=value" };
        option.Validators.Add(result =>
        {
            foreach (string text in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (text.IndexOf('=', StringComparison.Ordinal) < 1)
                {
                    result.AddError($"--label: {Quoted.Text(text)} is not name=value");
                }
            }
        });
        return option;
    }

    /// <summary>Names and values of labels that passed the rule above.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string[] labels) =>
        [.. labels.Select(l => KeyValuePair.Create(l[..l.IndexOf('=', StringComparison.Ordinal)], l[(l.IndexOf('=', StringComparison.Ordinal) + 1)..]))];
}
