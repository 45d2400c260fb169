# Corrections of reports that were completed already. What was reported stays; each correction is booked on top of it.

REPORTED = ['yield', 'scrap', 'rework']


def keep_of(report, counted, orders, named):
    # What a row of ours keeps for later: pieces by what they count as, the orders they were made on, and the components
    # that were consumed as told and not by the bill.
    return {'about': report or None, 'kept': json.dumps({'counted': counted, 'orders': orders, 'named': named})}


def rows_about(operations, about):
    rows = env['x_lineshaft_operation'].search(
        [('x_operation', 'in', operations), ('x_about', '=', about), ('x_kept', '!=', False)], order='id')
    return [json.loads(row.x_kept) for row in rows]


def plan_correct_completion(plan):
    value = plan['value']
    family = chain_of(value['order'])
    kept = []
    for one in rows_about(['completeOrder', 'correctCompletion'], value['report']):
        if family.filtered_domain([('id', 'in', one['orders'])]):
            kept.append(one)
    if not kept:
        refuse('report-unknown', 'No report %s was completed on the production order %s.' % (value['report'], value['order']))
    orders = family.filtered_domain([('id', 'in', [number for one in kept for number in one['orders']])])
    counted = {'yield': 0.0, 'scrap': 0.0, 'rework': 0.0}
    for one in kept:
        for name in REPORTED:
            counted[name] = counted[name] + one['counted'][name]
    product, unit = orders[:1].product_id, orders[:1].product_uom_id
    plan.update({'family': family, 'orders': orders, 'lock': ('report', value['report'])})
    plan['scraps'], plan['unbuilds'], plan['more'] = [], [], {'yield': 0.0, 'scrap': [], 'lots': []}
    before = dict(counted)
    for change in value['changes']:
        amount = amount_in(change['quantity'], unit, product.default_code or product.name)
        if change['from'] != 'nothing':
            counted[change['from']] = counted[change['from']] - amount
        if change['to'] != 'nothing':
            counted[change['to']] = counted[change['to']] + amount
        if float_compare(min(counted.values()), 0.0, precision_digits=6) < 0:
            refuse('correction-exceeds', 'The correction takes %s %s from the %s of report %s, of which %s are left.' % (
                amount, unit.name, change['from'], value['report'], counted[change['from']] + amount))
        plan_change(plan, change, amount, product)
    plan['moved'] = {}
    for name in REPORTED:
        plan['moved'][name] = counted[name] - before[name]
    plan_more(plan, value, unit, product)


def plan_change(plan, change, amount, product):
    way = (change['from'], change['to'])
    if way == ('yield', 'scrap'):
        plan['scraps'].append({'order': made_on(plan, change, product), 'amount': amount, 'lot': change.get('lot'), 'reason': change.get('reason')})
    elif way == ('yield', 'nothing'):
        plan['unbuilds'].append({'order': made_on(plan, change, product), 'amount': amount, 'lot': change.get('lot')})
    elif change['from'] in ('nothing', 'rework') and change['to'] in ('yield', 'scrap'):
        plan['more']['lots'].append(change.get('lot'))
        if change['to'] == 'yield':
            plan['more']['yield'] = plan['more']['yield'] + amount
        else:
            plan['more']['scrap'].append(change)
    elif 'yield' in way or 'scrap' in way:
        refuse('not-reversible', 'Odoo has no booking that turns %s of the report %s into %s.' % (
            change['from'], plan['value']['report'], change['to']))


def made_on(plan, change, product):
    # The finished order of the report with this lot; a report of one lot needs none named.
    done = plan['orders'].filtered_domain([('state', '=', 'done')])
    if change.get('lot'):
        done = done.filtered_domain([('lot_producing_id.name' if ONE_SERIAL_AN_ORDER else 'lot_producing_ids.name', '=', change['lot'])])
        if not done:
            refuse('lot-unknown', 'The report %s made nothing of the lot %s.' % (plan['value']['report'], change['lot']))
    if product.tracking != 'none' and not change.get('lot') and (len(done) != 1 or len(lots_made(done)) != 1):
        refuse('lot-missing', 'The report %s made several lots or serial numbers: the correction has to name one.' % plan['value']['report'])
    return done[-1:]


def lots_made(order):
    return order['lot_producing_id' if ONE_SERIAL_AN_ORDER else 'lot_producing_ids']


def plan_more(plan, value, unit, product):
    # More than was counted is a further completion, of what is open.
    more = plan['more']
    if not more['yield'] and not more['scrap']:
        plan['further'] = False
        return
    code = value['changes'][0]['quantity']['unit']
    pieces = repr(unit._compute_quantity(more['yield'], unit_of(code), round=False))
    report = {'order': value['order'], 'yield': {'value': pieces, 'unit': code},
              'scrap': [{'quantity': change['quantity'], 'reason': change.get('reason'), 'lot': change.get('lot')} for change in more['scrap']]}
    lots = sorted({lot for lot in more['lots'] if lot})
    if not lots and product.tracking == 'lot':
        lots = plan['orders'][-1:] and lots_made(plan['orders'][-1:]).mapped('name')[:1]
    if len(lots) > 1:
        refuse('value-invalid', 'The correction of %s adds pieces of several lots: send one correction for each.' % value['report'])
    if lots:
        report['lot'] = lots[0]
    plan['further'] = {'token': plan['token'], 'key': plan['key'], 'value': report}
    plan_complete_order(plan['further'])
    plan['lock'] = plan['further']['lock']


def apply_correct_completion(plans):
    for plan in plans:
        did = []
        for line in plan['scraps']:
            did.append(make_scrap(correction_scrap(plan, line)).name)
        for line in plan['unbuilds']:
            did.append(unbuild(plan, line))
        orders, named = plan['orders'].ids, []
        if plan['further']:
            apply_complete_order([plan['further']])
            did.append(plan['further']['result']['receipt'])
            orders, named = orders + [order.id for order in plan['further']['done']], plan['further']['named']
        order = plan['orders'][-1:]
        if plan['value'].get('note'):
            order.message_post(body=plan['value']['note'])
        plan.update(keep_of(plan['value']['report'], plan['moved'], orders, named))
        settle(plan, order, made_names(did) or order.name, {'report': plan['value']['report'], 'moved': plan['moved'], 'did': did})


def correction_scrap(plan, line):
    order, product = line['order'], line['order'].product_id
    vals = {
        'product_id': product.id, 'product_uom_id': order.product_uom_id.id, 'company_id': company.id, 'scrap_qty': line['amount'],
        'origin': order.name, 'production_id': order.id, 'location_id': made_lies_at(line).id, 'lot_id': lot_to_correct(line).id,
    }
    return with_reason(vals, line['reason'])


def lot_to_correct(line):
    lots = lots_made(line['order'])
    return lots.filtered_domain([('name', '=', line['lot'])]) if line['lot'] else lots[:1]


def made_lies_at(line):
    # What is on hold lies apart from the stock.
    lot = lot_to_correct(line)
    return hold_location(line['order']) if lot and is_held(line['order'].product_id, lot) else line['order'].location_dest_id


def unbuild(plan, line):
    # Pieces that were counted and never made: out of stock again, their components back.
    order = line['order']
    vals = {
        'mo_id': order.id, 'product_id': order.product_id.id, 'product_qty': line['amount'], 'product_uom_id': order.product_uom_id.id,
        'lot_id': lot_to_correct(line).id, 'location_id': made_lies_at(line).id, 'location_dest_id': order.location_src_id.id,
        'company_id': company.id, 'bom_id': order.bom_id.id,
    }
    made = env['mrp.unbuild'].create(vals)
    made.action_validate()
    if made.state != 'done':
        refuse('insufficient-stock', 'Odoo did not take back %s of %s: %s holds too little%s.' % (
            line['amount'], order.product_id.default_code, order.location_dest_id.complete_name,
            line['lot'] and ' of the lot %s' % line['lot'] or ''))
    rest = plan['family'].filtered_domain([('state', 'in', OPEN_STATES)])
    if len(rest) == 1:
        # They are open again.
        env['change.production.qty'].create(
            {'mo_id': rest.id, 'product_qty': rest.product_qty + line['amount']}).change_prod_qty()
    return made.name
