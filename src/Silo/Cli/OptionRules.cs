using System.CommandLine.Parsing;
using System.Globalization;

namespace Quota.Silo.Cli;

/// <summary>Checks that options share.</summary>
internal static class OptionRules
{
    /// <summary>A whole number within bounds.</summary>
    public static void Range(OptionResult result, int min, int max)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) && (value < min || value > max))
        {
            result.AddError($"{result.Option.Name}: {value} is out of bounds: must be from {min} to {max}");
        }
    }
}
