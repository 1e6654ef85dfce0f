using System.CommandLine;
using System.CommandLine.Parsing;
using Quota.Contracts;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Import.Aws;

namespace Quota.Silo.Cli;

/// <summary><c>quota import aws-usage-plans</c>: translates usage plans and API keys of Amazon API Gateway.</summary>
internal static class ImportAwsCommand
{
    private const string Description = """
        Translates usage plans and API keys of Amazon API Gateway, as the AWS CLI prints them, into definitions (JSON lines for
        `quota import definitions`), and says line by line what does not mean exactly the same here.

        Examples:
          aws apigateway get-usage-plans > plans.json
          aws apigateway get-usage-plan-keys --usage-plan-id a1b2c3 > a1b2c3.json
          aws apigateway get-api-keys --include-values > api-keys.json
          quota import aws-usage-plans plans.json --keys a1b2c3.json --api-keys api-keys.json -o definitions.jsonl
        """;

    public static Command Create(CliConsole console)
    {
        var files = new Argument<string[]>("files") { Description = "Output of get-usage-plans.", Arity = ArgumentArity.OneOrMore };
        var keys = new Option<string[]>("--keys")
        {
            Description = "Output of get-usage-plan-keys, as <usage plan id>=<file>; without the id it is the file's name up to its first dot. Repeatable.",
            HelpName = "[id=]file",
        };
        var apiKeys = new Option<string[]>("--api-keys") { Description = "Output of get-api-keys --include-values: disabled keys, customer ids, descriptions. Repeatable.", HelpName = "file" };
        var owner = new Option<string>("--namespace") { Description = "Namespace of the plans and keys.", DefaultValueFactory = _ => "aws" };
        owner.Validators.Add(CheckNamespace);
        var keyName = new Option<string>("--key-name") { Description = "What a check's key is: the API key's value, which callers send, or its id, which is no secret.", DefaultValueFactory = _ => "value" };
        keyName.AcceptOnlyFromAmong("value", "id");
        var command = new Command("aws-usage-plans", Description) { files, keys, apiKeys, owner, keyName };
        var output = new ImportOutput(console, command);
        command.SetAction(parsed =>
        {
            var options = new AwsImportOptions
            {
                Namespace = parsed.GetValue(owner)!,
                KeyFiles = [.. (parsed.GetValue(keys) ?? []).Select(KeyFile)],
                ApiKeyFiles = parsed.GetValue(apiKeys) ?? [],
                NameKeysById = parsed.GetValue(keyName) == "id",
                Shadow = output.Shadow(parsed),
            };
            return output.Write(AwsImport.Run(parsed.GetValue(files)!, options), parsed);
        });
        return command;
    }

    private static (string PlanId, string File) KeyFile(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? (text[..equals], text[(equals + 1)..]) : (Path.GetFileName(text).Split('.')[0], text);
    }

    private static void CheckNamespace(OptionResult result)
    {
        string name = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        string? problem = name.StartsWith(NameRules.ReservedPrefix, StringComparison.Ordinal) ? $"namespaces that begin with {Quoted.Text(NameRules.ReservedPrefix)} are reserved" : NameRules.Problem(name, 1, Bounds.NameBytesMax);
        if (result.Tokens.Count == 1 && problem is not null)
        {
            result.AddError($"--namespace: {problem}");
        }
    }
}
