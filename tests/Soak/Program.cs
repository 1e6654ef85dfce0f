using Quota.Soak;

// The soak: a silo that is killed again and again under mixed load, and clients that keep their own books.
//   Quota.Soak drive [--seconds 600] [--kills 10] [--clients 4] [--rate 200] [--seed N] [--plant 0]
//   Quota.Soak client --address A --index N --seconds S --rate R --seed N --tally FILE
SoakOptions? options = SoakOptions.Parse(args, Console.Error);
if (options is null)
{
    return 2;
}
return options.IsClient ? await LoadClient.RunAsync(options) : await SoakDriver.RunAsync(options);
